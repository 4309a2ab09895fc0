"""The ground floor: values and doors that every other layer may use."""
