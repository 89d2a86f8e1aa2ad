//! The proposed schema as SQL: what a plan includes, and the baseline.

use sql::{Dialect, quote_ident};

use super::{Target, comment, rows};
use crate::Schema;
use crate::schema::{Constraint, Element, Index, Rule, Standing, Table};

/// The components, with the evidence as comments.
pub(super) fn schema(schema: &Schema, target: &Target<'_>) -> String {
    let mut out = format!(
        "-- The schema proposed by `cutover init` for {}; the evidence stands beside each column.\n",
        target.shown
    );
    Writer { out: &mut out, evidence: true }.all(schema);
    out
}

/// The same without comments: what the target must equal.
pub(super) fn baseline(schema: &Schema, target: &Target<'_>) -> String {
    let mut out = format!(
        "-- The known-good schema, proposed by `cutover init` for {}. Once it is reviewed, the plan may\n\
         -- change only together with it.\n",
        target.shown
    );
    Writer { out: &mut out, evidence: false }.all(schema);
    out
}

struct Writer<'a> {
    out: &'a mut String,
    evidence: bool,
}

impl Writer<'_> {
    fn all(&mut self, schema: &Schema) {
        for table in &schema.tables {
            self.table(table);
        }
        self.constraints(schema, |rule| !matches!(rule, Rule::ForeignKey { .. }));
        for index in &schema.indexes {
            let why = match &index.standing {
                Standing::Built => None,
                Standing::Proposed => Some("proposed: no index begins with this foreign key"),
                Standing::Decide(why) => Some(why.as_str()),
            };
            self.statement(&index_sql(index), why);
        }
        // A foreign key may refer to the columns of a unique index.
        self.constraints(schema, |rule| matches!(rule, Rule::ForeignKey { .. }));
        for other in schema.others.iter().filter(|_| self.evidence) {
            self.out.push_str(&format!("\n-- DECIDE {} {}\n", other.kind, other.name));
            comment(self.out, "", "--", &other.sql);
        }
    }

    fn constraints(&mut self, schema: &Schema, wanted: fn(&Rule) -> bool) {
        for constraint in schema.constraints.iter().filter(|constraint| wanted(&constraint.rule)) {
            self.statement(&constraint_sql(constraint), constraint.decide.as_deref());
        }
    }

    fn table(&mut self, table: &Table) {
        self.out.push('\n');
        if self.evidence {
            comment(self.out, "", "--", &format!("{}: {}", table.source, rows(table.rows)));
            for question in &table.decide {
                comment(self.out, "", "--", &format!("DECIDE {question}"));
            }
        }
        self.out.push_str(&format!("create table {} (\n", name(&table.name)));
        let last = table.columns.len().saturating_sub(1);
        for (nth, column) in table.columns.iter().enumerate() {
            if self.evidence {
                for question in &column.decide {
                    comment(self.out, "    ", "--", &format!("DECIDE {question}"));
                }
            }
            let comma = if nth < last || !table.primary_key.is_empty() { "," } else { "" };
            let why = match self.evidence {
                true => format!("  -- {}", column.why),
                false => String::new(),
            };
            let line = format!("    {} {}{comma}{why}\n", name(&column.name), column.definition);
            self.out.push_str(&line);
        }
        if !table.primary_key.is_empty() {
            self.out.push_str(&format!("    primary key ({})\n", names(&table.primary_key)));
        }
        self.out.push_str(");\n");
    }

    /// Built, or a comment for a person where there is a reason.
    fn statement(&mut self, text: &str, why: Option<&str>) {
        match why {
            None => self.out.push_str(&format!("\n{text};\n")),
            Some(why) if self.evidence => {
                let word = if why.starts_with("proposed") { "" } else { "DECIDE " };
                self.out.push('\n');
                comment(self.out, "", "--", &format!("{word}{why}"));
                comment(self.out, "", "--", &format!("{text};"));
            }
            Some(_) => {}
        }
    }
}

fn name(name: &str) -> String {
    quote_ident(name, Dialect::Postgres)
}

fn names(names: &[String]) -> String {
    names.iter().map(|one| name(one)).collect::<Vec<_>>().join(", ")
}

fn constraint_sql(constraint: &Constraint) -> String {
    let rule = match &constraint.rule {
        Rule::Unique(columns) => format!("unique ({})", names(columns)),
        Rule::Check(sql) => format!("check ({sql})"),
        Rule::ForeignKey { columns, table, referenced, on_delete, on_update, deferrable } => {
            let action = |event: &str, action: &Option<String>| {
                action.as_ref().map_or_else(String::new, |what| format!(" on {event} {what}"))
            };
            format!(
                "foreign key ({}) references {}({}){}{}{}",
                names(columns),
                name(table),
                names(referenced),
                action("delete", on_delete),
                action("update", on_update),
                if *deferrable { " deferrable initially deferred" } else { "" }
            )
        }
    };
    format!(
        "alter table {} add constraint {} {rule}",
        name(&constraint.table),
        name(&constraint.name)
    )
}

fn index_sql(index: &Index) -> String {
    let elements = index.elements.iter().map(|element| match element {
        Element::Column(column) => name(column),
        Element::Sql(sql) => sql.clone(),
    });
    let elements: Vec<_> = elements.collect();
    let predicate =
        index.predicate.as_ref().map_or_else(String::new, |sql| format!(" where {sql}"));
    format!(
        "create {}index {} on {} ({}){predicate}",
        if index.unique { "unique " } else { "" },
        name(&index.name),
        name(&index.table),
        elements.join(", ")
    )
}
