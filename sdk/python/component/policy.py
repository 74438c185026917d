"""The generated bindings look for the session in a module that is called as its interface."""

from nhi_policy.component import Session

__all__ = ["Session"]
