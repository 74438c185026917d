//! Where resource policies stand, and what kind of thing each opens.
//!
//! A table, so that a provider's new resource is a row and not a branch.

/// Kinds of resource, as far as it matters who may use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bucket,
    Bus,
    Document,
    FileSystem,
    Function,
    Image,
    Key,
    Layer,
    LogGroup,
    Machine,
    Media,
    Mesh,
    PublicImage,
    Queue,
    Search,
    Secret,
    Sender,
    Snapshot,
    Topic,
    /// Holds data.
    Data,
    /// Anything else.
    Other,
}

impl Kind {
    /// The word for it in a message.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Bus => "event bus",
            Self::Document => "document",
            Self::FileSystem => "file system",
            Self::Function => "function",
            Self::Image | Self::PublicImage => "image repository",
            Self::Key => "key",
            Self::Layer => "layer",
            Self::LogGroup => "log destination",
            Self::Machine => "machine image",
            Self::Media => "media container",
            Self::Mesh => "service network",
            Self::Queue => "queue",
            Self::Search => "search domain",
            Self::Secret => "secret",
            Self::Sender => "sender identity",
            Self::Snapshot => "snapshot",
            Self::Topic => "topic",
            Self::Data => "data store",
            Self::Other => "resource",
        }
    }
}

/// A policy of a resource type.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) resource_type: &'static str,
    /// Attribute path; `[*]` is any element.
    pub(crate) path: &'static str,
    /// The provider fills it in where nobody wrote it.
    pub(crate) computed: bool,
    pub(crate) kind: Kind,
}

const fn own(resource_type: &'static str, path: &'static str, kind: Kind) -> Spec {
    Spec {
        resource_type,
        path,
        computed: false,
        kind,
    }
}

const fn optional(resource_type: &'static str, path: &'static str, kind: Kind) -> Spec {
    Spec {
        resource_type,
        path,
        computed: true,
        kind,
    }
}

use Kind::{
    Bucket, Bus, Data, FileSystem, Image, Key, LogGroup, Media, Mesh, Other, PublicImage, Queue, Search, Secret,
    Sender, Topic,
};

/// Sorted by type.
static SPECS: [Spec; 69] = [
    own("aws_acmpca_policy", "policy", Other),
    own("aws_backup_vault_policy", "policy", Data),
    optional("aws_cloudsearch_domain_service_access_policy", "access_policy", Search),
    own("aws_cloudwatch_event_bus_policy", "policy", Bus),
    own("aws_cloudwatch_log_destination_policy", "access_policy", LogGroup),
    own("aws_cloudwatch_log_resource_policy", "policy_document", LogGroup),
    own("aws_codeartifact_domain_permissions_policy", "policy_document", Data),
    own(
        "aws_codeartifact_repository_permissions_policy",
        "policy_document",
        Data,
    ),
    own("aws_codebuild_resource_policy", "policy", Other),
    own("aws_dynamodb_resource_policy", "policy", Data),
    own("aws_ecr_registry_policy", "policy", Image),
    own("aws_ecr_repository_policy", "policy", Image),
    own("aws_ecrpublic_repository_policy", "policy", PublicImage),
    own("aws_efs_file_system_policy", "policy", FileSystem),
    optional("aws_elasticsearch_domain", "access_policies", Search),
    own("aws_elasticsearch_domain_policy", "access_policies", Search),
    optional("aws_glacier_vault", "access_policy", Data),
    own("aws_glacier_vault_lock", "policy", Data),
    own("aws_glue_resource_policy", "policy", Data),
    own("aws_kinesis_resource_policy", "policy", Data),
    optional("aws_kms_external_key", "policy", Key),
    optional("aws_kms_key", "policy", Key),
    own("aws_kms_key_policy", "policy", Key),
    optional("aws_kms_replica_external_key", "policy", Key),
    optional("aws_kms_replica_key", "policy", Key),
    own("aws_media_store_container_policy", "policy", Media),
    own("aws_msk_cluster_policy", "policy", Data),
    own("aws_networkfirewall_resource_policy", "policy", Other),
    own("aws_oam_sink_policy", "policy", Other),
    optional("aws_opensearch_domain", "access_policies", Search),
    own("aws_opensearch_domain_policy", "access_policies", Search),
    own("aws_organizations_resource_policy", "content", Other),
    own("aws_redshift_resource_policy", "policy", Data),
    own("aws_redshiftserverless_resource_policy", "policy", Data),
    optional("aws_s3_access_point", "policy", Bucket),
    optional("aws_s3_bucket", "policy", Bucket),
    own("aws_s3_bucket_policy", "policy", Bucket),
    own("aws_s3control_access_point_policy", "policy", Bucket),
    own("aws_s3control_bucket_policy", "policy", Bucket),
    own(
        "aws_s3control_multi_region_access_point_policy",
        "details[*].policy",
        Bucket,
    ),
    own("aws_s3control_object_lambda_access_point_policy", "policy", Bucket),
    own("aws_s3tables_table_bucket_policy", "resource_policy", Data),
    own("aws_s3tables_table_policy", "resource_policy", Data),
    own("aws_sagemaker_model_package_group_policy", "resource_policy", Other),
    own("aws_schemas_registry_policy", "policy", Other),
    optional("aws_secretsmanager_secret", "policy", Secret),
    own("aws_secretsmanager_secret_policy", "policy", Secret),
    own("aws_ses_identity_policy", "policy", Sender),
    own("aws_sesv2_email_identity_policy", "policy", Sender),
    optional("aws_sns_topic", "policy", Topic),
    own("aws_sns_topic_policy", "policy", Topic),
    optional("aws_sqs_queue", "policy", Queue),
    own("aws_sqs_queue_policy", "policy", Queue),
    own("aws_vpclattice_auth_policy", "policy", Mesh),
    own("aws_vpclattice_resource_policy", "policy", Mesh),
    own("aws_xray_resource_policy", "policy_document", Other),
    own("awscc_dynamodb_table", "resource_policy.policy_document", Data),
    own("awscc_ecr_repository", "repository_policy_text", Image),
    own("awscc_efs_file_system", "file_system_policy", FileSystem),
    own("awscc_events_event_bus_policy", "statement", Bus),
    own("awscc_kinesis_resource_policy", "resource_policy", Data),
    optional("awscc_kms_key", "key_policy", Key),
    own("awscc_logs_resource_policy", "policy_document", LogGroup),
    own("awscc_s3_access_point", "policy", Bucket),
    own("awscc_s3_bucket_policy", "policy_document", Bucket),
    own("awscc_secretsmanager_resource_policy", "resource_policy", Secret),
    own("awscc_sns_topic_inline_policy", "policy_document", Topic),
    own("awscc_sns_topic_policy", "policy_document", Topic),
    own("awscc_sqs_queue_policy", "policy_document", Queue),
];

/// The policies of a resource type.
pub(super) fn of(resource_type: &str) -> &'static [Spec] {
    let start = SPECS.partition_point(|spec| spec.resource_type < resource_type);
    let end = SPECS.partition_point(|spec| spec.resource_type <= resource_type);
    SPECS.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_sorted() {
        assert!(SPECS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
    }
}
