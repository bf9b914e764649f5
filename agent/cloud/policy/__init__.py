"""IAM's policy language, decided on values alone: documents, principals, conditions and how several policies combine.

Source: IAM user guide, "IAM JSON policy reference" and "Policy evaluation logic".
"""
