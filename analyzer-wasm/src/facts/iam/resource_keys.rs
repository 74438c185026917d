//! What condition keys are worth in the policy of a resource, where whoever calls may be a stranger or a service that
//! acts for one.
//!
//! From the AWS global condition context keys and the condition keys of each service in the Service Authorization
//! Reference.

use super::condition::Narrowing;

/// Worth of a key, in lower case, when its value is specific.
pub(super) fn worth(key: &str) -> Narrowing {
    match key {
        "aws:principalorgid"
        | "aws:principalorgpaths"
        | "aws:principalaccount"
        | "aws:principalarn"
        | "aws:principalisawsservice"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:sourcearn"
        | "aws:sourceaccount"
        | "aws:sourceowner"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:sourcevpcarn"
        | "aws:vpceaccount"
        | "aws:vpceorgid"
        | "aws:vpceorgpaths"
        | "aws:resourceorgid"
        | "aws:resourceaccount"
        | "aws:userid"
        | "aws:username"
        | "aws:federatedprovider"
        | "aws:ec2instancesourcevpc"
        | "kms:calleraccount"
        | "kms:grantisforawsresource"
        | "s3:dataaccesspointaccount"
        | "s3:dataaccesspointarn"
        | "elasticfilesystem:accessedviamounttarget"
        | "elasticfilesystem:accesspointarn"
        | "lambda:sourcefunctionarn"
        | "ec2:sourceinstancearn"
        | "ssm:sourceinstancearn"
        | "events:creatoraccount"
        | "sns:endpoint"
        | "vpc-lattice-svcs:sourcevpc"
        | "vpc-lattice-svcs:sourcevpcowneraccount" => Narrowing::Strong,
        "aws:sourceip" | "aws:vpcsourceip" | "aws:currenttime" | "aws:epochtime" | "kms:viaservice"
        | "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" => Narrowing::Weak,
        // What a log group or another resource of yours is called stands in the context.
        key if key.starts_with("kms:encryptioncontext:aws:") => Narrowing::Strong,
        // Tags that a caller brings, protocols, user agents, referrers, what is asked for.
        _ => Narrowing::None,
    }
}
