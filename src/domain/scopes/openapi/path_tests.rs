//! Scopes that are suggested from documents in the shape of well-known APIs.

use serde_json::json;

use super::Source;
use super::fixture::{document, names, read_value, sources};

#[test]
fn stripe_has_paths_without_tags() {
    let mut document = document(&[
        ("get", "/v1/customers", "", "GetCustomers"),
        ("post", "/v1/customers", "", "PostCustomers"),
        ("get", "/v1/customers/{customer}/sources", "", "GetCustomersCustomerSources"),
        ("get", "/v1/charges/search", "", "GetChargesSearch"),
        ("post", "/v1/payment_intents/{intent}/capture", "", "PostPaymentIntentsIntentCapture"),
        ("get", "/v1/3d_secure/{id}", "", "Get3dSecure"),
    ]);
    // Megabytes of schemas are skipped.
    document["components"] = json!({ "schemas": { "charge": "x".repeat(3 << 20) } });
    let found = read_value(&document);
    let expected = [
        "charges:read",
        "customers:read",
        "customers:write",
        "d-secure:read",
        "payment-intents:write",
    ];
    assert_eq!(names(&found), expected);
    assert_eq!(sources(&found), [Source::Paths]);
}

#[test]
fn github_has_a_tag_for_each_request() {
    let found = read_value(&document(&[
        ("get", "/repos/{owner}/{repo}", "repos", "repos/get"),
        ("patch", "/repos/{owner}/{repo}", "repos", "repos/update"),
        ("get", "/repos/{owner}/{repo}/issues", "issues", "issues/list-for-repo"),
        ("get", "/repos/{owner}/{repo}/code-scanning/alerts", "code-scanning", "code-scanning/x"),
        ("get", "/search/code", "search", "search/code"),
    ]));
    let expected =
        ["code-scanning:read", "issues:read", "repos:read", "repos:write", "search:read"];
    assert_eq!(names(&found), expected);
    assert_eq!(sources(&found), [Source::Tags]);
}

#[test]
fn kubernetes_has_a_tag_for_each_group() {
    let mut document = document(&[
        ("get", "/api/v1/namespaces/{namespace}/pods", "core_v1", "listCoreV1NamespacedPod"),
        ("post", "/api/v1/namespaces/{namespace}/pods", "core_v1", "createCoreV1NamespacedPod"),
        ("get", "/apis/apps/v1/deployments", "apps_v1", "listAppsV1DeploymentForAllNamespaces"),
        ("get", "/version/", "version", "getCodeVersion"),
    ]);
    document["swagger"] = json!("2.0");
    document.as_object_mut().expect("an object").remove("openapi");
    document["securityDefinitions"] =
        json!({ "BearerToken": { "type": "apiKey", "in": "header" } });
    let found = read_value(&document);
    assert_eq!(names(&found), ["apps-v1:read", "core-v1:read", "core-v1:write", "version:read"]);
}

#[test]
fn plaid_has_one_tag_and_names_what_a_post_does() {
    let found = read_value(&document(&[
        ("post", "/accounts/get", "plaid", "accountsGet"),
        ("post", "/accounts/balance/get", "plaid", "accountsBalanceGet"),
        ("post", "/institutions/search", "plaid", "institutionsSearch"),
        ("post", "/item/get", "plaid", "itemGet"),
        ("post", "/item/remove", "plaid", "itemRemove"),
        ("post", "/link/token/create", "plaid", "linkTokenCreate"),
    ]));
    let expected = ["accounts:read", "institutions:read", "item:read", "item:write", "link:write"];
    assert_eq!(names(&found), expected);
    assert_eq!(sources(&found), [Source::Paths]);
}

#[test]
fn google_has_one_tag_and_paths_of_parameters() {
    let found = read_value(&document(&[
        ("get", "/v1/{name}", "projects", "cloudbuild.projects.builds.get"),
        ("post", "/v1/{name}:cancel", "projects", "cloudbuild.projects.builds.cancel"),
        ("post", "/v1/{name}:approve", "projects", "cloudbuild.projects.builds.approve"),
        ("get", "/v1/{parent}/buildTriggers", "projects", "cloudbuild.projects.triggers.list"),
        ("post", "/v1/{parent}/buildTriggers", "projects", "cloudbuild.projects.triggers.create"),
        ("get", "/v1/{parent}/locations", "projects", "cloudbuild.projects.locations.list"),
    ]));
    let expected = [
        "build-triggers:read",
        "build-triggers:write",
        "builds:read",
        "builds:write",
        "locations:read",
    ];
    assert_eq!(names(&found), expected);
    assert_eq!(sources(&found), [Source::Paths, Source::OperationIds]);
}

#[test]
fn s3_has_only_operation_ids() {
    let found = read_value(&document(&[
        ("get", "/", "", "ListBuckets"),
        ("get", "/{Bucket}#acl", "", "GetBucketAcl"),
        ("put", "/{Bucket}#acl", "", "PutBucketAcl"),
        ("get", "/{Bucket}/{Key}", "", "GetObject"),
        ("delete", "/{Bucket}/{Key}", "", "DeleteObject"),
        ("post", "/{Bucket}/{Key}#uploads", "", "CreateMultipartUpload"),
        ("post", "/#X-Amz-Target=S3.GetJob", "", "GetJob"),
    ]));
    let expected = [
        "bucket-acl:read",
        "bucket-acl:write",
        "buckets:read",
        "job:read",
        "multipart-upload:write",
        "object:read",
        "object:write",
    ];
    assert_eq!(names(&found), expected);
    assert_eq!(sources(&found), [Source::OperationIds]);
}

#[test]
fn twilio_has_accounts_at_the_start_of_every_path() {
    let found = read_value(&document(&[
        ("get", "/2010-04-01/Accounts.json", "", "ListAccount"),
        ("get", "/2010-04-01/Accounts/{Sid}/Calls.json", "", "ListCall"),
        ("post", "/2010-04-01/Accounts/{Sid}/Calls.json", "", "CreateCall"),
        ("get", "/2010-04-01/Accounts/{Sid}/IncomingPhoneNumbers.json", "", "ListNumber"),
        ("delete", "/2010-04-01/Accounts/{Sid}/Recordings/{Id}.json", "", "DeleteRecording"),
        ("get", "/2010-04-01/Accounts/{Sid}/Recordings.json", "", "ListRecording"),
    ]));
    let expected = [
        "accounts:read",
        "calls:read",
        "calls:write",
        "incoming-phone-numbers:read",
        "recordings:read",
        "recordings:write",
    ];
    assert_eq!(names(&found), expected);
}

#[test]
fn digitalocean_has_tags_of_several_words() {
    let found = read_value(&document(&[
        ("get", "/v2/1-clicks", "1-Click Applications", "oneClicks_list"),
        ("get", "/v2/droplets", "Droplets", "droplets_list"),
        ("post", "/v2/droplets", "Droplets", "droplets_create"),
        ("post", "/v2/volumes/actions", "Block Storage Actions", "volumeActions_post"),
    ]));
    let expected = [
        "block-storage-actions:write",
        "click-applications:read",
        "droplets:read",
        "droplets:write",
    ];
    assert_eq!(names(&found), expected);
}

#[test]
fn verbs_at_the_start_of_paths_are_not_resources() {
    let found = read_value(&document(&[
        ("get", "/get/orders", "", ""),
        ("post", "/create/invoices", "", ""),
        ("post", "/search", "", ""),
    ]));
    assert_eq!(names(&found), ["invoices:write", "orders:read", "search:read"]);
}

#[test]
fn an_api_with_one_resource_keeps_its_tag() {
    let found = read_value(&document(&[
        ("get", "/pet", "Pets", "listPets"),
        ("post", "/pet", "Pets", "createPet"),
        ("get", "/pet/{id}", "Pets", "getPetById"),
        ("put", "/pet/{id}", "Pets", "updatePet"),
        ("delete", "/pet/{id}", "Pets", "deletePet"),
    ]));
    assert_eq!(names(&found), ["pets:read", "pets:write"]);
    assert_eq!(sources(&found), [Source::Tags]);
}
