//! Each right that the run needs, asked for one by one.

use diagnostics::code::{NO_PRIVILEGE, PREFLIGHT};
use runtime::EngineError;

use super::Checks;
use crate::target::objects::Object;
use crate::{extension, quote};

impl Checks<'_> {
    pub(super) fn privileges(&mut self) -> Result<(), EngineError> {
        self.database()?;
        self.schema()?;
        self.owner()?;
        self.roles()?;
        self.extensions()?;
        self.marker()?;
        self.default_privileges()
    }

    fn ask(&mut self, sql: &str) -> Result<bool, EngineError> {
        self.session.value(&PREFLIGHT, sql, &[])
    }

    fn lacks(&mut self, message: String, help: String) {
        self.finding(EngineError::new(&NO_PRIVILEGE, message).help(help));
    }

    fn database(&mut self) -> Result<(), EngineError> {
        if self.ask("select has_database_privilege(current_database(), 'CREATE')")? {
            self.passed("may create schemas");
            return Ok(());
        }
        let names = "select current_database()::text, current_user::text";
        let row = self.session.rows(&PREFLIGHT, names, &[])?;
        let (database, user): (String, String) =
            row.first().map(|row| (row.get(0), row.get(1))).unwrap_or_default();
        self.lacks(
            format!("role `{user}` may not create schemas in database `{database}`"),
            format!("`grant create on database {} to {}`", quote(&database), quote(&user)),
        );
        Ok(())
    }

    /// Of the target schema, where it is there; else it is created by the run.
    fn schema(&mut self) -> Result<(), EngineError> {
        let schema = self.target.schema.clone();
        let sql = "select p.privilege, has_schema_privilege(n.oid, p.privilege), current_user::text \
            from pg_namespace n cross join (values ('CREATE'), ('USAGE')) p (privilege) \
            where n.nspname = $1";
        for row in self.session.rows(&PREFLIGHT, sql, &[&schema])? {
            let (privilege, held, user): (String, bool, String) =
                (row.get(0), row.get(1), row.get(2));
            if held {
                self.passed(format!("has {} on schema {schema}", privilege.to_lowercase()));
                continue;
            }
            let privilege = privilege.to_lowercase();
            self.lacks(
                format!("role `{user}` lacks {privilege} on schema `{schema}`"),
                format!("`grant {privilege} on schema {} to {}`", quote(&schema), quote(&user)),
            );
        }
        Ok(())
    }

    fn owner(&mut self) -> Result<(), EngineError> {
        let Some(owner) = self.target.owner.clone() else { return Ok(()) };
        // PostgreSQL 16 tells the right to become a role from the right to use its privileges.
        let right = if self.session.major() >= 16 { "SET" } else { "MEMBER" };
        let sql = "select pg_has_role(r.oid, $2), current_user::text, \
            coalesce((select has_schema_privilege(r.oid, n.oid, 'CREATE') from pg_namespace n \
                where n.nspname = $3), true), \
            (select rolsuper from pg_roles where rolname = current_user) \
            from pg_roles r where r.rolname = $1";
        let rows = self.session.rows(&PREFLIGHT, sql, &[&owner, &right, &self.target.schema])?;
        let Some(row) = rows.first() else {
            self.missing_role(&owner);
            return Ok(());
        };
        let (member, user): (bool, String) = (row.get(0), row.get(1));
        let (may_create, superuser): (bool, bool) = (row.get(2), row.get(3));
        if !member {
            self.lacks(
                format!("role `{user}` is no member of `{owner}`, which is to own the objects"),
                format!("`grant {} to {}`", quote(&owner), quote(&user)),
            );
        } else if !may_create && !superuser {
            let schema = quote(&self.target.schema);
            self.lacks(
                format!(
                    "role `{owner}` may not own objects in schema {schema}: it lacks create on it"
                ),
                format!("`grant create on schema {schema} to {}`", quote(&owner)),
            );
        } else {
            self.passed(format!("may hand objects to {owner}"));
        }
        Ok(())
    }

    fn roles(&mut self) -> Result<(), EngineError> {
        let plan = self.target.roles.iter().filter(|role| !role.eq_ignore_ascii_case("public"));
        let wanted: Vec<String> = plan.cloned().collect();
        let sql = "select w from unnest($1::text[]) w \
            where w not in (select rolname from pg_roles) order by w";
        let missing = self.session.rows(&PREFLIGHT, sql, &[&wanted])?;
        for row in &missing {
            self.missing_role(row.get(0));
        }
        if missing.is_empty() && !wanted.is_empty() {
            self.passed(format!("roles exist: {}", wanted.join(", ")));
        }
        Ok(())
    }

    fn missing_role(&mut self, role: &str) {
        let error = EngineError::new(&PREFLIGHT, format!("role `{role}` does not exist"))
            .object(format!("role {role}"))
            .help(format!("`create role {}`", quote(role)));
        if !self.out.findings.contains(&error) {
            self.finding(error);
        }
    }

    fn extensions(&mut self) -> Result<(), EngineError> {
        for name in self.target.extensions.clone() {
            if extension::is_installed(self.session, &name)? {
                self.passed(format!("extension {name} is installed"));
            } else if extension::create_statement(self.session, &name, &self.target.schema)?
                .is_none()
            {
                let message = format!("the server has no extension `{name}` to install");
                self.finding(
                    EngineError::new(&PREFLIGHT, message)
                        .object(format!("extension {name}"))
                        .help("install the package that brings it on the server's machine"),
                );
            } else {
                self.may_create_extension(&name)?;
            }
        }
        Ok(())
    }

    /// Superusers may, and for a trusted extension whoever may create in the database.
    fn may_create_extension(&mut self, name: &str) -> Result<(), EngineError> {
        let sql = "select not v.superuser or r.rolsuper \
                or v.trusted and has_database_privilege(current_database(), 'CREATE'), \
                current_user::text \
            from pg_available_extensions a join pg_available_extension_versions v \
                on v.name = a.name and v.version = a.default_version \
            join pg_roles r on r.rolname = current_user where a.name = $1";
        let rows = self.session.rows(&PREFLIGHT, sql, &[&name])?;
        let (may, user): (bool, String) =
            rows.first().map(|row| (row.get(0), row.get(1))).unwrap_or_default();
        if may {
            self.passed(format!("may create extension {name}"));
            return Ok(());
        }
        let message = format!("role `{user}` may not create extension `{name}`");
        let help =
            format!("let a superuser run `create extension {}` in the database", quote(name));
        self.finding(
            EngineError::new(&NO_PRIVILEGE, message).object(format!("extension {name}")).help(help),
        );
        Ok(())
    }

    /// Where an earlier run of another role made the marker's schema.
    fn marker(&mut self) -> Result<(), EngineError> {
        let sql = "select has_schema_privilege(n.oid, 'USAGE') \
            and has_table_privilege(c.oid, 'INSERT') and has_table_privilege(c.oid, 'SELECT'), \
            pg_get_userbyid(c.relowner)::text, current_user::text from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relname = 'run' \
            where n.nspname = 'cutover'";
        let rows = self.session.rows(&PREFLIGHT, sql, &[])?;
        let Some(row) = rows.first().filter(|row| !row.get::<_, bool>(0)) else { return Ok(()) };
        let (owner, user): (String, String) = (row.get(1), row.get(2));
        let user = quote(&user);
        self.lacks(
            format!("the record of runs (`cutover.run`) belongs to role `{owner}`"),
            format!(
                "`grant usage on schema cutover to {user}; grant select, insert on cutover.run to \
                 {user}`"
            ),
        );
        Ok(())
    }

    /// Default privileges that are not of one schema grant on what is built in the staging schema.
    /// The baseline is built by the same role and has the same grants, so no comparison finds them.
    fn default_privileges(&mut self) -> Result<(), EngineError> {
        for row in self.session.rows(&PREFLIGHT, DEFAULT_GRANTS, &[])? {
            let (kinds, privileges, to): (String, String, String) =
                (row.get(0), row.get(1), row.get(2));
            let user: String = row.get(3);
            let message = format!(
                "default privileges of role `{user}` grant {privileges} on all new {kinds} to \
                 `{to}`, which neither the plan nor the baseline does"
            );
            let help = format!(
                "run as a role without them, or take them back: `alter default privileges for role \
                 {} revoke {privileges} on {kinds} from {}`; those `in schema …` do no harm",
                quote(&user),
                if to == "public" { to.clone() } else { quote(&to) }
            );
            self.finding(EngineError::new(&PREFLIGHT, message).help(help));
        }
        Ok(())
    }

    /// Replaced objects are moved away, which only their owner may do.
    pub(super) fn not_ours(&mut self, replaced: &[Object]) {
        for object in replaced.iter().filter(|object| !object.ours) {
            let error = EngineError::new(
                &NO_PRIVILEGE,
                format!("{} is to be replaced and belongs to another role", object.shown()),
            );
            self.finding(
                error.object(object.shown()).help("become a member of the role that owns it"),
            );
        }
    }
}

/// What the role's default privileges for all schemas grant beyond PostgreSQL's own.
const DEFAULT_GRANTS: &str = "\
    select case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' \
            when 'f' then 'functions' when 'T' then 'types' else 'schemas' end, \
        string_agg(distinct lower(a.privilege_type), ', '), coalesce(g.rolname::text, 'public'), \
        r.rolname::text \
    from pg_default_acl d join pg_roles r on r.oid = d.defaclrole \
    cross join lateral aclexplode(d.defaclacl) a left join pg_roles g on g.oid = a.grantee \
    where d.defaclnamespace = 0 and r.rolname = current_user and a.grantee <> d.defaclrole \
      and d.defaclobjtype in ('r', 'S', 'f', 'T', 'n') \
      and not exists (select from aclexplode(acldefault( \
            case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole)) b \
        where b.grantee = a.grantee and b.privilege_type = a.privilege_type) \
    group by 1, 3, 4 order by 1, 3";
