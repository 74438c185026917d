"""The generated bindings look for the interface's functions in the module that the component is made of."""

from nhi_policy import component


class Policy:
    """The exported interface."""

    def describe(self):
        """What the module says of itself."""
        return component.describe()

    def validate_settings(self, settings):
        """Refuses settings that the schema refuses."""
        component.validate_settings(settings)
