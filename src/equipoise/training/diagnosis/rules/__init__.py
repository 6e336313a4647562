"""The rules of advice: each a pure function from `Findings` to a sentence with its reason, or None."""
