//! Where each object of a schema stands in the SQL that makes it.

use std::collections::BTreeMap;

use catalog::{COMMENT, HOME_SCHEMA, Kind, names, properties};
use diagnostics::Span;
use sql::create_table::{Piece, PieceKind};
use sql::{AlterAction, Class, Dialect, FunctionKind, Statement};

use crate::resolve::span_of_name;

/// (kind, schema, parent, name) with names as the engine folds them; the home schema is empty.
type Place = (Kind, String, String, String);

#[derive(Default)]
pub(super) struct Places {
    objects: BTreeMap<Place, Span>,
    /// Properties that have a statement of their own: a comment, a default.
    properties: BTreeMap<Place, BTreeMap<&'static str, Span>>,
    /// The table of each index, by the index's name as the engine folds it.
    indexed: BTreeMap<String, String>,
}

impl Places {
    pub(super) fn of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Self {
        let mut places = Self::default();
        for statement in statements {
            places.add(statement);
        }
        places
    }

    pub(super) fn find(&self, key: &catalog::ObjectKey, dialect: Dialect) -> Option<Span> {
        self.objects.get(&place_of(key, dialect)).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (catalog::ObjectKey, Span)> {
        self.objects.iter().map(|((kind, schema, parent, name), span)| {
            let key = catalog::ObjectKey::new(*kind, name.as_str()).on(parent.as_str());
            (key.in_schema(schema.as_str()), *span)
        })
    }

    /// Where the property was given; else the object.
    pub(super) fn property(
        &self,
        key: &catalog::ObjectKey,
        property: &str,
        dialect: Dialect,
    ) -> Option<Span> {
        let place = place_of(key, dialect);
        let own = self.properties.get(&place).and_then(|all| all.get(property));
        own.or_else(|| self.objects.get(&place)).copied()
    }

    /// The table or view of the object.
    pub(super) fn parent(&self, key: &catalog::ObjectKey, dialect: Dialect) -> Option<Span> {
        let parent = key.parent.rsplit(' ').next().unwrap_or_default();
        let parent = parent.split('.').next().unwrap_or(parent);
        let parent = dialect.key(parent.trim_matches('"'));
        let kinds = [Kind::Table, Kind::View, Kind::MaterializedView, Kind::ForeignTable];
        kinds.iter().find_map(|kind| {
            let schema = dialect.key(&key.schema);
            self.objects.get(&(*kind, schema, String::new(), parent.clone())).copied()
        })
    }

    /// Whether the object is made by these statements, or belongs to one that is.
    pub(super) fn covers(&self, key: &catalog::ObjectKey, dialect: Dialect) -> bool {
        self.find(key, dialect).is_some()
            || !key.parent.is_empty() && self.parent(key, dialect).is_some()
    }

    fn put(&mut self, statement: &Statement, kind: Kind, parent: &str, name: &str, span: Span) {
        self.objects.entry(placed(statement, kind, parent, name)).or_insert(span);
    }

    fn put_property(
        &mut self,
        statement: &Statement,
        (kind, parent, name): (Kind, &str, &str),
        property: &'static str,
        span: Span,
    ) {
        let place = placed(statement, kind, parent, name);
        self.properties.entry(place).or_default().entry(property).or_insert(span);
    }

    fn add(&mut self, statement: &Statement) {
        let span = statement.name_span();
        match &statement.class {
            Class::CreateTable { name, foreign, .. } => {
                let kind = if *foreign { Kind::ForeignTable } else { Kind::Table };
                self.put(statement, kind, "", &name.name, span);
                self.inside_table(statement, &name.name);
            }
            Class::CreateVirtualTable { name } => {
                self.put(statement, Kind::VirtualTable, "", &name.name, span);
            }
            Class::CreateIndex { name: Some(name), table, .. } => {
                let dialect = statement.dialect;
                self.indexed.insert(dialect.key(&name.name), dialect.key(&table.name));
                self.put(statement, Kind::Index, &table.name, &name.name, span);
            }
            Class::CreateStatistics { name: Some(name) } => {
                self.put(statement, Kind::Statistics, "", &name.name, span);
            }
            Class::CreateSequence { name, .. } => {
                self.put(statement, Kind::Sequence, "", &name.name, span);
            }
            Class::AlterSequence { name, owned_by: Some(_), .. } => {
                let key = (Kind::Sequence, "", name.name.as_str());
                self.put_property(statement, key, properties::OWNED_BY, span);
            }
            Class::CreateView { name, materialized, .. } => {
                let kind = if *materialized { Kind::MaterializedView } else { Kind::View };
                self.put(statement, kind, "", &name.name, span);
            }
            Class::CreateFunction { name, arguments, kind, .. } => {
                debug_assert!(matches!(
                    kind,
                    FunctionKind::Function | FunctionKind::Procedure | FunctionKind::Aggregate
                ));
                let name = format!("{}({arguments})", name.name);
                self.put(statement, Kind::Function, "", &name, span);
            }
            Class::CreateTrigger { name, table } => {
                self.put(statement, Kind::Trigger, &table.name, &name.name, span);
            }
            Class::CreateRule { name, table } => {
                self.put(statement, Kind::Rule, &table.name, &name.name, span);
            }
            Class::CreatePolicy { name, table } => {
                self.put(statement, Kind::Policy, &table.name, &name.name, span);
            }
            Class::CreateType { name, .. } => self.put(statement, Kind::Type, "", &name.name, span),
            Class::CreateDomain { name } => {
                self.put(statement, Kind::Domain, "", &name.name, span);
            }
            Class::CreateSchema { name } => {
                self.put(statement, Kind::Schema, "", &name.name, span);
            }
            Class::CreateExtension { name } => {
                self.put(statement, Kind::Extension, "", &name.name, span);
            }
            Class::AlterTable { name, actions, .. } => {
                for action in actions {
                    self.action(statement, &name.name, action);
                }
            }
            Class::Grant { .. } => self.grant(statement),
            Class::Comment { object, .. } => self.comment(statement, object),
            _ => {}
        }
    }

    fn inside_table(&mut self, statement: &Statement, table: &str) {
        let Some(definition) = sql::create_table::parse(statement) else { return };
        for column in &definition.columns {
            self.put(statement, Kind::Column, table, &column.name, column.name_span);
            for piece in &column.pieces {
                self.constraint(statement, table, piece);
            }
        }
        for piece in &definition.constraints {
            self.constraint(statement, table, piece);
        }
    }

    fn constraint(&mut self, statement: &Statement, table: &str, piece: &Piece) {
        let columns: Vec<&str> = piece.columns.iter().map(String::as_str).collect();
        let (label, columns) = match piece.kind {
            PieceKind::PrimaryKey => ("pkey", Vec::new()),
            PieceKind::Unique => ("key", columns),
            PieceKind::ForeignKey => ("fkey", columns),
            PieceKind::Check => ("check", columns),
            PieceKind::Exclude => ("excl", columns),
            PieceKind::NotNull
            | PieceKind::Null
            | PieceKind::Default
            | PieceKind::Identity
            | PieceKind::Generated
            | PieceKind::Collate
            | PieceKind::Other => return,
        };
        let span = statement.text.span_of(piece.range.clone());
        let taken = |name: &str| {
            self.objects.contains_key(&placed(statement, Kind::Constraint, table, name))
        };
        let name = piece.name.clone();
        let name = name.unwrap_or_else(|| names::choose(table, &columns, label, taken));
        self.put(statement, Kind::Constraint, table, &name, span);
    }

    fn action(&mut self, statement: &Statement, table: &str, action: &AlterAction) {
        let span = |range: &std::ops::Range<usize>| statement.text.span_of(range.clone());
        match action {
            AlterAction::AddConstraint { name: Some(name), range, .. } => {
                let place = span_of_name(statement, name).unwrap_or_else(|| span(range));
                self.put(statement, Kind::Constraint, table, name, place);
            }
            AlterAction::AddConstraint { name: None, range, .. } => {
                let place = span(range);
                if let Some(piece) = crate::resolve::constraint(statement) {
                    self.unnamed(statement, table, &piece, place);
                }
            }
            AlterAction::AddColumn { column, range } => {
                self.put(statement, Kind::Column, table, column, span(range));
            }
            AlterAction::SetDefault { column, range } => {
                let key = (Kind::Column, table, column.as_str());
                self.put_property(statement, key, properties::DEFAULT, span(range));
            }
            AlterAction::AddIdentity { column, range } => {
                let key = (Kind::Column, table, column.as_str());
                self.put_property(statement, key, properties::IDENTITY, span(range));
                self.put_property(statement, key, properties::IDENTITY_SEQUENCE, span(range));
            }
            AlterAction::RowSecurity { .. } => {
                let key = (Kind::Table, "", table);
                self.put_property(statement, key, properties::ROW_SECURITY, statement.text.span);
            }
            AlterAction::ReplicaIdentity { range } => {
                let key = (Kind::Table, "", table);
                self.put_property(statement, key, properties::REPLICA_IDENTITY, span(range));
            }
            _ => {}
        }
    }

    fn unnamed(&mut self, statement: &Statement, table: &str, piece: &Piece, place: Span) {
        let columns: Vec<&str> = piece.columns.iter().map(String::as_str).collect();
        let (label, columns) = match piece.kind {
            PieceKind::PrimaryKey => ("pkey", Vec::new()),
            PieceKind::Unique => ("key", columns),
            PieceKind::ForeignKey => ("fkey", columns),
            PieceKind::Exclude => ("excl", columns),
            _ => ("check", columns),
        };
        let name = names::choose(table, &columns, label, |_| false);
        self.put(statement, Kind::Constraint, table, &name, place);
    }

    /// `parent` of a grant is the object as `word name`.
    fn grant(&mut self, statement: &Statement) {
        let Class::Grant { objects, roles, privileges, .. } = &statement.class else { return };
        for object in objects {
            let span = span_of_name(statement, &object.name.name).unwrap_or(statement.text.span);
            let mut parents = vec![parent_of(object)];
            for column in privileges.iter().flat_map(|privilege| &privilege.columns) {
                parents.push(format!("column {}.{column}", object.name.name));
            }
            for role in roles {
                for parent in &parents {
                    self.put(statement, Kind::Grant, parent, role, span);
                }
            }
        }
    }

    fn comment(&mut self, statement: &Statement, object: &sql::Object) {
        let table = object.table.as_ref().map(|table| table.name.clone()).unwrap_or_default();
        let name = object.name.name.as_str();
        let arguments = object.arguments.clone().unwrap_or_default();
        let function = format!("{name}({arguments})");
        let (kind, parent, name) = match object.word.as_str() {
            "table" => (Kind::Table, "", name),
            "view" => (Kind::View, "", name),
            "materialized view" => (Kind::MaterializedView, "", name),
            "column" => (Kind::Column, name, object.column.as_deref().unwrap_or_default()),
            "function" | "procedure" | "aggregate" => (Kind::Function, "", function.as_str()),
            "sequence" => (Kind::Sequence, "", name),
            "type" => (Kind::Type, "", name),
            "domain" => (Kind::Domain, "", name),
            "extension" => (Kind::Extension, "", name),
            "constraint" => (Kind::Constraint, table.as_str(), name),
            "trigger" => (Kind::Trigger, table.as_str(), name),
            "policy" => (Kind::Policy, table.as_str(), name),
            "index" => {
                let parent = self.indexed.get(&statement.dialect.key(name));
                let parent = parent.cloned().unwrap_or_default();
                let key = (Kind::Index, parent.as_str(), name);
                return self.put_property(statement, key, COMMENT, statement.text.span);
            }
            _ => return,
        };
        self.put_property(statement, (kind, parent, name), COMMENT, statement.text.span);
    }
}

/// The statement that makes each object, by its index.
pub(super) struct Makers(BTreeMap<Place, usize>);

impl Makers {
    pub(super) fn of(statements: &[Statement]) -> Self {
        let mut makers = BTreeMap::new();
        for (at, statement) in statements.iter().enumerate() {
            let whole = matches!(statement.class, Class::CreateTable { .. });
            for place in Places::of([statement]).objects.into_keys() {
                // Columns and constraints inside a table have no statement of their own.
                if !whole || matches!(place.0, Kind::Table | Kind::ForeignTable) {
                    makers.entry(place).or_insert(at);
                }
            }
        }
        Self(makers)
    }

    pub(super) fn find(&self, key: &catalog::ObjectKey, dialect: Dialect) -> Option<usize> {
        self.0.get(&place_of(key, dialect)).copied()
    }
}

fn parent_of(object: &sql::Object) -> String {
    match object.word.as_str() {
        "schema" => "schema".to_owned(),
        "view" | "materialized view" | "foreign table" => format!("table {}", object.name.name),
        word => match &object.arguments {
            Some(arguments) => format!("function {}({arguments})", object.name.name),
            None => format!("{word} {}", object.name.name),
        },
    }
}

fn place_of(key: &catalog::ObjectKey, dialect: Dialect) -> Place {
    let [schema, parent, name] = [&key.schema, &key.parent, &key.name].map(|it| dialect.key(it));
    (key.kind, schema, parent, name)
}

fn placed(statement: &Statement, kind: Kind, parent: &str, name: &str) -> Place {
    let dialect = statement.dialect;
    let schema = schema_of(&statement.class).unwrap_or_default();
    (kind, dialect.key(schema), dialect.key(parent), dialect.key(name))
}

/// The schema of what the statement makes or changes, where it is not the home schema.
fn schema_of(class: &Class) -> Option<&str> {
    match class {
        Class::Grant { objects, .. } => {
            let object = objects.first()?;
            let schema = Some(object.name.name.as_str()).filter(|name| *name != home());
            if object.word == "schema" { schema } else { object.name.schema.as_deref() }
        }
        Class::Comment { object, .. } => {
            object.name.schema.as_deref().or_else(|| object.table.as_ref()?.schema.as_deref())
        }
        class => {
            let own = class.name().and_then(|name| name.schema.as_deref());
            own.or_else(|| class.table()?.schema.as_deref())
        }
    }
}

/// What [`HOME_SCHEMA`] quotes.
fn home() -> &'static str {
    HOME_SCHEMA.trim_matches('"')
}
