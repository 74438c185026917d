# The id is a ULID; `nhi identities` lists it.
tofu import nhi_identity.deployer 01JD8Z6V5R3TQ0W8YB1N4K7M2C
