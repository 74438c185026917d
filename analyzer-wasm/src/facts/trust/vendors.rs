//! AWS accounts of vendors, as the vendors' own instructions name them: surely no account of the reader.
//!
//! The numbers are facts; where each is published is collected in `fwdcloudsec/known_aws_accounts`.

/// Account and vendor, sorted by account.
static VENDORS: [(&str, &str); 51] = [
    ("012615275169", "Tenable"),
    ("017663287629", "New Relic"),
    ("036437403198", "Densify"),
    ("057012691312", "Aqua"),
    ("061190967865", "CloudZero"),
    ("107630771604", "Segment"),
    ("134183635603", "Splunk Observability"),
    ("147995105371", "Trend Micro"),
    ("165736516723", "Cloudability"),
    ("188619942792", "Prisma Cloud"),
    ("197857026523", "Microsoft Sentinel"),
    ("198361731867", "Snyk"),
    ("202279780353", "nOps"),
    ("205767712438", "Qualys"),
    ("216690786812", "Rockset"),
    ("218546966473", "Stitch"),
    ("232482882421", "Cloudinary"),
    ("239734009475", "Alert Logic"),
    ("282028653949", "LogicMonitor"),
    ("336818582268", "Rapid7"),
    ("352813966189", "CloudCheckr"),
    ("353360065216", "Workato"),
    ("370134896156", "Fugue"),
    ("406095609952", "Logz.io"),
    ("414351767826", "Databricks"),
    ("432263259397", "Microsoft Cost Management"),
    ("434813966438", "Lacework"),
    ("454464851268", "CloudHealth"),
    ("464622532012", "Datadog"),
    ("496947949261", "Prisma Cloud"),
    ("509560245411", "Dynatrace"),
    ("595280932656", "Segment"),
    ("665986001363", "Convox"),
    ("679703615338", "Armor"),
    ("717210094962", "Cloud Conformity"),
    ("733251395267", "Alert Logic"),
    ("754728514883", "New Relic"),
    ("790110701330", "Databricks"),
    ("805246085872", "Qubole"),
    ("834469178297", "Fivetran"),
    ("842984801698", "OneLogin"),
    ("854209929931", "Fortinet"),
    ("862820443276", "Trend Micro"),
    ("868324285112", "Trend Micro"),
    ("884866656237", "Spot"),
    ("890234264427", "Bridgecrew"),
    ("896126563706", "Threat Stack"),
    ("922761411349", "Spot"),
    ("926226587429", "Sumo Logic"),
    ("949777495771", "Site24x7"),
    ("951887872838", "Auth0"),
];

/// The vendor that an account belongs to.
pub(super) fn name(account: &str) -> Option<&'static str> {
    let found = VENDORS.binary_search_by(|(known, _)| (*known).cmp(account)).ok()?;
    VENDORS.get(found).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_sorted() {
        assert!(VENDORS.is_sorted_by(|left, right| left.0 < right.0));
        assert_eq!(name("464622532012"), Some("Datadog"));
        assert_eq!(name("111122223333"), None);
    }
}
