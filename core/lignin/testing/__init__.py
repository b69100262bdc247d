"""What adapter authors test with: the contract that every adapter keeps, and the rules it is made of."""

from lignin.testing.contract import AdapterContract
from lignin.testing.rules import RULES, Rule, canonical

__all__ = ["RULES", "AdapterContract", "Rule", "canonical"]
