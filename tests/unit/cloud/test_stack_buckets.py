"""Properties of a template's bucket as the requests that S3 takes."""

from __future__ import annotations

import pytest

from agent.cloud.emulator.stack_buckets import encryption_body, lifecycle_body, ownership_body


def test_encryption_names_algorithm_and_key() -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "a-key"}
    rule = {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": "true"}

    body = encryption_body({"ServerSideEncryptionConfiguration": [rule]}).decode()

    assert "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>a-key</KMSMasterKeyID>" in body
    assert "<BucketKeyEnabled>true</BucketKeyEnabled>" in body


def test_a_lifecycle_rule_without_a_prefix_is_for_all_objects() -> None:
    rule = {"Id": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 9}}

    body = lifecycle_body({"Rules": [rule]}).decode()

    assert "<Filter><Prefix" in body
    assert "<NoncurrentDays>9</NoncurrentDays>" in body


def test_objects_that_expire_have_the_apis_words_for_it() -> None:
    rule = {"Status": "Enabled", "Prefix": "tmp/", "ExpirationInDays": 3}

    body = lifecycle_body({"Rules": [rule]}).decode()

    assert "<Prefix>tmp/</Prefix>" in body
    assert "<Expiration><Days>3</Days></Expiration>" in body


def test_a_lifecycle_that_is_not_served_is_refused_by_its_name() -> None:
    rule = {"Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 1}]}

    with pytest.raises(ValueError, match="does not serve Transitions of a bucket's lifecycle"):
        lifecycle_body({"Rules": [rule]})


def test_ownership_is_handed_on() -> None:
    assert b"<ObjectOwnership>BucketOwnerEnforced<" in ownership_body(
        {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
