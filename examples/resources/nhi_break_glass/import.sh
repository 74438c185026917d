# The id is a ULID; the state and the audit log name it.
tofu import nhi_break_glass.database 01JD8Z6V5R3TQ0W8YB1N4K7M2C
