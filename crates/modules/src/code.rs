//! The stable codes of what can be wrong with a module's artefact, its signatures and the place it is kept in.

use nhi_governance::codes;

codes! {
    ARCHIVE = "NHI-MODULE-ARCHIVE", "an archive of policy modules cannot be used",
        "An archive that is only understood in part could bring anything with it.";
    ARTIFACT = "NHI-MODULE-ARTIFACT", "what a registry holds is not a policy module",
        "What cannot be understood as a whole is not run: half an artefact could be anything.";
    DIGEST = "NHI-MODULE-DIGEST", "bytes are not those that their digest names",
        "Whoever can exchange the bytes of a policy decides what every pipeline overlooks.";
    KEY = "NHI-MODULE-KEY", "a key of a signer of modules cannot be used",
        "A signature is worth what its key is worth.";
    MOVED = "NHI-MODULE-MOVED", "a version of a module is not what it was",
        "A version that was published is a promise: whoever could exchange it would change the policy of everybody who trusts it.";
    REGISTRY = "NHI-MODULE-REGISTRY", "a registry of modules does not do what it was asked for",
        "What could not be fetched is not run in another version instead.";
    SBOM = "NHI-MODULE-SBOM", "a list of a module's dependencies cannot be used",
        "A list that cannot be read answers nobody who asks whether a flawed library is in use.";
    SIGNATURE = "NHI-MODULE-SIGNATURE", "a module lacks a signature that counts",
        "A module decides what reaches production, so somebody the organisation trusts has to stand behind it.";
    STORE = "NHI-MODULE-STORE", "the store of modules cannot be used",
        "A check that cannot read its rules has no verdict.";
    VERSION = "NHI-MODULE-VERSION", "no version of a module may be locked",
        "Another version than the one that was asked for is another policy.";
}
