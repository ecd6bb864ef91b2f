"""Finding tickets by their words although nothing readable of them lies in the database.

``words`` cuts Chinese text, ``blind`` keeps a ticket's words as keyed hashes and asks for them.
"""
