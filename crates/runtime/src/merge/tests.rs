use ir::LoadSource;

use super::*;

type Pair = (i64, &'static str);

const FILES: [&[Pair]; 3] =
    [&[(1, "one"), (2, "two")], &[(1, "one"), (3, "three")], &[(2, "zwei"), (3, "three")]];

/// What a rule makes of three files.
fn merged(conflict: Option<Conflict>, memory: u64) -> Result<(Scanned, Vec<Pair>), EngineError> {
    let load = Load {
        table: "words".to_owned(),
        source: "s".to_owned(),
        from: LoadSource::Table("words".to_owned()),
        columns: Vec::new(),
        filter: None,
        offset: None,
        merge: conflict.map(|conflict| Merge { by: vec!["ID".to_owned()], conflict }),
    };
    let into = ["id", "word"].map(|column| LoadInto {
        column: column.to_owned(),
        conversion: None,
        on_misfit: ir::OnMisfit::Stop,
    });
    let mut sink = Rows(Vec::new());
    let mut read = |file: usize, sink: &mut dyn RowSink| {
        for (id, word) in FILES[file] {
            let values = [Value::Integer(*id), Value::Text(word.as_bytes())];
            sink.row(Row { file: "one name", rowid: Some(*id), values: &values })?;
        }
        Ok(FILES[file].len() as u64)
    };
    let names = ["x/a.db", "y/a.db", "z/a.db"].map(str::to_owned);
    let scanned = scan(&load, &into, memory, &names, &mut read, &mut sink)?;
    sink.0.sort_unstable();
    Ok((scanned, sink.0))
}

struct Rows(Vec<Pair>);

impl RowSink for Rows {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        let [Value::Integer(id), Value::Text(word)] = row.values else { panic!("{row:?}") };
        let known =
            FILES.iter().flat_map(|file| file.iter()).find(|pair| pair.1.as_bytes() == *word);
        self.0.push((*id, known.unwrap().1));
        Ok(())
    }
}

#[test]
fn each_rule_takes_one_row_of_a_key() {
    let kept = |conflict| merged(Some(conflict), 1 << 20).unwrap();
    let scanned = Scanned { rows: 6, merged: 3 };
    assert_eq!(kept(Conflict::First), (scanned, vec![(1, "one"), (2, "two"), (3, "three")]));
    assert_eq!(kept(Conflict::Last), (scanned, vec![(1, "one"), (2, "zwei"), (3, "three")]));
    let (all, rows) = merged(None, 0).unwrap();
    assert_eq!((all, rows.len()), (Scanned { rows: 6, merged: 0 }, 6));
}

#[test]
fn rows_that_must_be_the_same_and_are_not_are_named_with_their_files() {
    let error = merged(Some(Conflict::Equal), 1 << 20).unwrap_err();
    assert_eq!(error.code.id, "RUN834");
    assert_eq!(error.message, "1 key of `words` has another row in a further file");
    assert!(error.help.unwrap().starts_with("ID = 2: in `x/a.db` and in `z/a.db`\n"));
}

#[test]
fn memory_is_bounded() {
    let error = merged(Some(Conflict::First), 2 * PER_KEY).unwrap_err();
    assert_eq!(error.message, "`words` has more than 2 keys to be merged");
}
