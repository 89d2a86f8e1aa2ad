//! The schema that is proposed for PostgreSQL, and how its rows are loaded.

use std::collections::BTreeMap;

use sql::{Dialect, quote_ident};

use crate::candidate::Candidate;
use crate::choose::{Choice, Role, Truth, choose};
use crate::default::{self, Translated};
use crate::evidence::{self, Database, Other};
use crate::expression::{self, Known};
use crate::indexes;
use crate::keys::{self, Place};
use crate::name::Names;
use diagnostics::plural;

/// What is built, in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    pub(crate) tables: Vec<Table>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) others: Vec<Other>,
    pub(crate) decisions: Vec<Decision>,
}

impl Schema {
    /// What a person must decide, in the order of the plan.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    pub fn tables(&self) -> usize {
        self.tables.len()
    }

    /// Foreign keys, uniques and checks that are built.
    pub fn constraints(&self) -> usize {
        self.constraints.iter().filter(|constraint| constraint.decide.is_none()).count()
    }

    pub fn indexes(&self) -> usize {
        self.indexes.iter().filter(|index| index.standing == Standing::Built).count()
    }
}

/// A question that the evidence does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `users.created_at`, `view totals`, in the source's words.
    pub about: String,
    pub question: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Its name in the source.
    pub(crate) source: String,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<Column>,
    pub(crate) primary_key: Vec<String>,
    pub(crate) decide: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Type and constraints as SQL.
    pub(crate) definition: String,
    pub(crate) value: Value,
    pub(crate) candidate: Candidate,
    pub(crate) why: String,
    pub(crate) decide: Vec<String>,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// The column of the same name, whatever its case.
    SameName,
    Column(String),
    Sql(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) rule: Rule,
    /// Why it is written as a comment only.
    pub(crate) decide: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Unique(Vec<String>),
    Check(String),
    ForeignKey {
        columns: Vec<String>,
        table: String,
        referenced: Vec<String>,
        on_delete: Option<String>,
        on_update: Option<String>,
        deferrable: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) unique: bool,
    pub(crate) elements: Vec<Element>,
    pub(crate) predicate: Option<String>,
    pub(crate) standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Column(String),
    Sql(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Built,
    /// Not in the source; a comment that a person may take.
    Proposed,
    /// A comment, because of this.
    Decide(String),
}

/// What is proposed for PostgreSQL.
pub fn propose(database: &Database) -> Schema {
    let mut maker = Maker::new(database);
    maker.tables();
    maker.uniques();
    maker.foreign_keys();
    maker.checks();
    indexes::add(&mut maker);
    maker.others();
    maker.finish()
}

/// The proposal while it is made.
pub(crate) struct Maker<'a> {
    pub(crate) database: &'a Database,
    pub(crate) choices: BTreeMap<Place, Choice>,
    /// Tables, indexes and constraints: one namespace is more than PostgreSQL asks for.
    pub(crate) names: Names,
    pub(crate) schema: Schema,
}

impl<'a> Maker<'a> {
    fn new(database: &'a Database) -> Self {
        let mut choices = BTreeMap::new();
        for (at, table) in database.tables.iter().enumerate() {
            for (nth, column) in table.columns.iter().enumerate() {
                choices.insert((at, nth), choose(column, role(database, at, nth)));
            }
        }
        keys::unite(database, &mut choices);
        Self { database, choices, names: Names::default(), schema: Schema::default() }
    }

    fn tables(&mut self) {
        for (at, table) in self.database.tables.iter().enumerate() {
            let name = self.names.take(&table.name);
            let mut names = Names::of_columns();
            let columns = table.columns.iter().enumerate();
            let columns =
                columns.map(|(nth, column)| self.column(at, nth, column, &mut names)).collect();
            self.schema.tables.push(Table {
                name,
                source: table.name.clone(),
                rows: table.rows,
                columns,
                primary_key: Vec::new(),
                decide: Vec::new(),
            });
            self.primary_key(at, table);
        }
        self.reserve();
    }

    /// Names that PostgreSQL makes for the indexes of primary keys and the sequences of identities.
    fn reserve(&mut self) {
        for table in &self.schema.tables {
            self.names.take(&format!("{}_pkey", table.name));
            for column in &table.columns {
                if column.definition.contains(" as identity") {
                    self.names.take(&format!("{}_{}_seq", table.name, column.name));
                }
            }
        }
    }

    fn column(
        &self,
        at: usize,
        nth: usize,
        column: &evidence::Column,
        names: &mut Names,
    ) -> Column {
        let choice = &self.choices[&(at, nth)];
        let table = &self.database.tables[at];
        let name = names.take(&column.name);
        let mut decide = choice.decide.clone();
        let mut definition = choice.candidate.type_name();
        let numbered = table.rowid.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(&column.name))
            && choice.candidate == Candidate::Bigint
            && !refers(table, &column.name);
        let in_key = table.primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
        if numbered {
            definition += " generated by default as identity";
        }
        if numbered {
            // An identity column is not null.
        } else if (column.not_null || in_key) && column.values.nulls == 0 {
            definition += " not null";
        } else if column.not_null {
            let nulls = plural(column.values.nulls, "row");
            decide.push(format!("declared not null, but null in {nulls}"));
        }
        match default::translate(column, choice.candidate) {
            _ if numbered => {}
            Translated::None => {}
            Translated::Sql(sql) => definition += &format!(" default {sql}"),
            Translated::Decide(why) => decide.push(why),
        }
        decide.extend(self.special(column));
        let value = value(column, &name, choice);
        Column {
            name,
            definition,
            value,
            candidate: choice.candidate,
            why: choice.why.clone(),
            decide,
        }
    }

    /// What PostgreSQL has otherwise.
    fn special(&self, column: &evidence::Column) -> Vec<String> {
        let mut decide = Vec::new();
        if let Some(generated) = &column.generated {
            decide.push(format!(
                "generated in the source as `{}`; here it is loaded once: write the expression for \
                 PostgreSQL, with `omit` under `load:`",
                generated.expression
            ));
        }
        if let Some(collation) = &column.collation {
            decide.push(format!(
                "collated `{collation}` in the source, which compares otherwise than PostgreSQL: \
                 take `citext`, a collation, or an index on `lower(…)`"
            ));
        }
        decide
    }

    fn primary_key(&mut self, at: usize, table: &evidence::Table) {
        if table.primary_key.is_empty() {
            return;
        }
        let columns = self.target_columns(at, &table.primary_key);
        let nulls = table.primary_key.iter().filter_map(|name| table.column(name));
        let nulls: u64 = nulls.map(|column| column.values.nulls).sum();
        let too_long = self.too_long(at, &table.primary_key);
        let Some(made) = self.schema.tables.last_mut() else { return };
        match (nulls, too_long) {
            (0, None) => made.primary_key = columns,
            (0, Some(why)) => made.decide.push(format!("without its primary key: {why}")),
            (nulls, _) => made.decide.push(format!(
                "without its primary key: {} in it, which SQLite lets pass",
                plural(nulls, "null")
            )),
        }
    }

    fn uniques(&mut self) {
        for (at, table) in self.database.tables.iter().enumerate() {
            for unique in &table.uniques {
                let columns = self.target_columns(at, &unique.columns);
                let of = self.schema.tables[at].name.clone();
                let made = derived(&of, &columns, "key");
                let name = self.names.take(unique.name.as_ref().unwrap_or(&made));
                let decide = self.too_long(at, &unique.columns);
                self.constraint(
                    table,
                    Constraint { name, table: of, rule: Rule::Unique(columns), decide },
                );
            }
        }
    }

    fn constraint(&mut self, table: &evidence::Table, constraint: Constraint) {
        if let Some(question) = &constraint.decide {
            let about = format!("{} of {}", constraint.name, table.name);
            self.decide(about, question.clone());
        }
        self.schema.constraints.push(constraint);
    }

    pub(crate) fn decide(&mut self, about: String, question: String) {
        self.schema.decisions.push(Decision { about, question });
    }

    fn foreign_keys(&mut self) {
        for (at, table) in self.database.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let columns = self.target_columns(at, &key.columns);
                let of = self.schema.tables[at].name.clone();
                let made = derived(&of, &columns, "fkey");
                let name = self.names.take(key.name.as_ref().unwrap_or(&made));
                let (table_name, referenced) = match keys::referenced(self.database, key) {
                    Some((other, names)) => {
                        (self.schema.tables[other].name.clone(), self.target_columns(other, &names))
                    }
                    None => (key.table.clone(), key.referenced.clone()),
                };
                let rule = Rule::ForeignKey {
                    columns,
                    table: table_name,
                    referenced,
                    on_delete: key.on_delete.clone(),
                    on_update: key.on_update.clone(),
                    deferrable: key.deferrable,
                };
                let decide = self.foreign_key_doubt(at, key);
                self.constraint(table, Constraint { name, table: of, rule, decide });
            }
        }
    }

    /// Why a foreign key cannot be built as it stands.
    fn foreign_key_doubt(&self, at: usize, key: &evidence::ForeignKey) -> Option<String> {
        let Some((other, names)) = keys::referenced(self.database, key) else {
            return Some(format!("there is no table `{}`", key.table));
        };
        let Some(pairs) = keys::pairs(self.database, at, key) else {
            return Some(format!("its columns are not those of a key of `{}`", key.table));
        };
        if key.orphans > 0 {
            let rows = plural(key.orphans, "row");
            let refer = if key.orphans == 1 { "refers" } else { "refer" };
            return Some(format!("{rows} {refer} to no row of `{}`: mend or delete", key.table));
        }
        let candidate = |place: &Place| self.choices[place].candidate;
        if pairs.iter().any(|(from, to)| candidate(from) != candidate(to)) {
            return Some("the two sides hold values that no one type takes".to_owned());
        }
        let unique = self.is_unique(other, &names);
        (!unique).then(|| format!("`{}` has no unique key on these columns", key.table))
    }

    /// Whether the target has a key on exactly these columns of the source's table.
    fn is_unique(&self, at: usize, names: &[String]) -> bool {
        let same = |columns: &[String]| {
            columns.len() == names.len()
                && names.iter().all(|name| columns.iter().any(|c| c.eq_ignore_ascii_case(name)))
        };
        let table = &self.database.tables[at];
        let primary = !self.schema.tables[at].primary_key.is_empty() && same(&table.primary_key);
        let unique = table.uniques.iter().any(|unique| same(&unique.columns));
        let index = table.indexes.iter().any(|index| {
            let names: Option<Vec<String>> =
                index.elements.iter().map(indexes::column_of).collect();
            index.unique && index.predicate.is_none() && names.is_some_and(|names| same(&names))
        });
        (primary || unique || index) && self.too_long(at, names).is_none()
    }

    fn checks(&mut self) {
        for (at, table) in self.database.tables.iter().enumerate() {
            for check in &table.checks {
                let of = self.schema.tables[at].name.clone();
                let (sql, decide) = match self.translate(at, &check.expression) {
                    Ok(expression::Translated::Implied) => continue,
                    Ok(expression::Translated::Sql(sql)) => (sql, None),
                    Err(why) => (check.expression.clone(), Some(why)),
                };
                let made = derived(&of, &[], "check");
                let name = self.names.take(check.name.as_ref().unwrap_or(&made));
                let rule = Rule::Check(sql);
                self.constraint(table, Constraint { name, table: of, rule, decide });
            }
        }
    }

    pub(crate) fn translate(&self, at: usize, sql: &str) -> Result<expression::Translated, String> {
        let columns = &self.database.tables[at].columns;
        expression::translate(sql, &|name| {
            let nth = columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))?;
            let made = &self.schema.tables[at].columns[nth];
            Some(Known { name: made.name.clone(), candidate: made.candidate })
        })
    }

    fn others(&mut self) {
        for other in &self.database.others {
            let question = match other.kind {
                "view" => "write it for PostgreSQL under `views:`",
                "trigger" => "write it for PostgreSQL under `functions:` and `triggers:`",
                _ => "its module is SQLite's own: take a PostgreSQL table or index for its work",
            };
            self.decide(format!("{} {}", other.kind, other.name), question.to_owned());
            self.schema.others.push(other.clone());
        }
    }

    /// The columns of the target's table, by their names in the source.
    pub(crate) fn target_columns(&self, at: usize, names: &[String]) -> Vec<String> {
        let columns = &self.database.tables[at].columns;
        let target = |name: &String| {
            let nth = columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
            nth.map_or(name.clone(), |nth| self.schema.tables[at].columns[nth].name.clone())
        };
        names.iter().map(target).collect()
    }

    /// Whether values are too long for the pages of a B-tree.
    pub(crate) fn too_long(&self, at: usize, names: &[String]) -> Option<String> {
        /// A third of a page less what its tuples need (`BTMaxItemSize`).
        const MOST: u64 = 2_600;
        let table = &self.database.tables[at];
        let columns = names.iter().filter_map(|name| table.column(name));
        let longest: u64 = columns.map(|column| column.values.longest).sum();
        (longest > MOST).then(|| {
            format!(
                "its values are up to {} long, too long for a B-tree: index a hash of them",
                plural(longest, "byte")
            )
        })
    }

    /// The decisions of tables and columns go before those found later.
    fn finish(self) -> Schema {
        let mut schema = self.schema;
        let mut decisions = Vec::new();
        for table in &schema.tables {
            let of_table = table.decide.iter().map(|question| (table.source.clone(), question));
            let of_columns = table.columns.iter().flat_map(|column| {
                let about = format!("{}.{}", table.source, column.name);
                column.decide.iter().map(move |question| (about.clone(), question))
            });
            decisions.extend(
                of_table
                    .chain(of_columns)
                    .map(|(about, question)| Decision { about, question: question.clone() }),
            );
        }
        decisions.append(&mut schema.decisions);
        schema.decisions = decisions;
        schema
    }
}

fn value(column: &evidence::Column, name: &str, choice: &Choice) -> Value {
    let quoted = quote_ident(&column.name, Dialect::Sqlite);
    if choice.as_bytes {
        Value::Sql(format!("cast({quoted} as blob)"))
    } else if column.generated.is_some() {
        Value::Sql(quoted)
    } else if column.name.eq_ignore_ascii_case(name) {
        Value::SameName
    } else {
        Value::Column(column.name.clone())
    }
}

/// What the expressions of a table say about a column as a truth value.
fn truth<'a>(name: &str, expressions: impl Iterator<Item = &'a String>) -> Truth {
    let known = |other: &str| {
        let same = other.eq_ignore_ascii_case(name);
        same.then(|| Known { name: name.to_owned(), candidate: Candidate::Boolean })
    };
    let mut truth = Truth::Unsaid;
    for sql in expressions.filter(|sql| expression::mentions(sql, name)) {
        match expression::translate(sql, &known) {
            Ok(expression::Translated::Implied) => truth = Truth::Checked,
            Ok(expression::Translated::Sql(_)) => {}
            Err(_) => return Truth::Denied,
        }
    }
    truth
}

/// A name made from those of a table and columns, plain even where they are not.
pub(crate) fn derived(table: &str, columns: &[String], end: &str) -> String {
    let parts = std::iter::once(table).chain(columns.iter().map(String::as_str)).chain([end]);
    let parts: Vec<String> =
        parts.map(|part| part.replace(|c: char| !c.is_alphanumeric() && c != '_', "_")).collect();
    parts.join("_")
}

/// A key that is another table's is numbered there.
fn refers(table: &evidence::Table, column: &str) -> bool {
    let mut columns = table.foreign_keys.iter().flat_map(|key| &key.columns);
    columns.any(|name| name.eq_ignore_ascii_case(column))
}

fn role(database: &Database, at: usize, nth: usize) -> Role {
    let table = &database.tables[at];
    let name = &table.columns[nth].name;
    let is = |other: &String| other.eq_ignore_ascii_case(name);
    let referred = database.tables.iter().enumerate().any(|(from, other)| {
        other.foreign_keys.iter().any(|key| {
            let pairs = keys::pairs(database, from, key).unwrap_or_default();
            pairs.iter().any(|(_, to)| *to == (at, nth))
        })
    });
    let elements = || table.indexes.iter().flat_map(|index| &index.elements);
    let of_indexes = elements().filter_map(|element| match &element.key {
        evidence::ElementKey::Expression(sql) => Some(sql),
        evidence::ElementKey::Column(_) => None,
    });
    let predicates = table.indexes.iter().filter_map(|index| index.predicate.as_ref());
    let checks = table.checks.iter().map(|check| &check.expression);
    let expressions = checks.chain(predicates).chain(of_indexes);
    let truth = truth(name, expressions.clone());
    Role {
        truth,
        key: referred || table.primary_key.iter().any(is) || refers(table, name),
        indexed: table.uniques.iter().any(|unique| unique.columns.iter().any(is))
            || elements().filter_map(indexes::column_of).any(|column| is(&column)),
        mentioned: expressions.into_iter().any(|sql| expression::mentions(sql, name)),
    }
}
