//! "Did you mean".

/// The known name nearest to `given`, where one is near enough to be a likely slip.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            *distance <= (given.chars().count().max(name.chars().count()) / 3).max(1)
        })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn suggests_near_names_only() {
        let known = ["columns", "comment", "indexes"];
        assert_eq!(did_you_mean("colums", known), Some("columns"));
        assert_eq!(did_you_mean("Comment", known), Some("comment"));
        assert_eq!(did_you_mean("grants", known), None);
    }
}
