"""Who may do what: roles, the rights of each, and whose tickets a person may see."""
