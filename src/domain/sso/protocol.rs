//! OpenID Connect: sends a person to the provider, and verifies what it says about them.
//!
//! The code flow with PKCE, `state` and `nonce` (OpenID Connect Core 3.1; RFC 9700). Every check of
//! the ID token is here or in `openidconnect`, and what is not understood is denied. ASVS 10.5.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadataWithLogout,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
};
use url::Url;

use super::attempt::Attempt;
use super::claims::{OtherClaims, Person, SessionFields, groups};
use super::keys::{Discovery, words};
use super::provider::Provider;
use super::token::{self, verifier};
use crate::base::clock::Timestamp;

pub(super) type Token = IdToken<
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        SessionFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type ProviderClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider's answer was not accepted; the texts are for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The provider cannot be asked, or answered with an error.
    Unreachable(String),
    /// What it says must not be believed.
    Unverified(String),
}

/// The URL at the provider to which the browser goes for an attempt. If `is_fresh`, the provider
/// asks the person again who they are, even if they are signed in there.
pub(super) fn authorization_url(
    discovery: &Discovery,
    provider: &Provider,
    attempt: &Attempt,
    redirect_uri: &str,
    is_fresh: bool,
    now: Timestamp,
) -> Result<Url, String> {
    let metadata = discovery.metadata(&provider.issuer, now)?;
    let client = client(provider, metadata, redirect_uri)?;
    let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
    let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        )
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    // The library asks for `openid` by itself.
    for scope in provider.scopes.split_whitespace().filter(|scope| *scope != "openid") {
        request = request.add_scope(Scope::new(scope.to_owned()));
    }
    if is_fresh {
        request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(std::time::Duration::ZERO);
    }
    Ok(request.url().0)
}

/// Exchanges the code of an attempt for an ID token, and verifies it.
pub(super) fn person(
    discovery: &Discovery,
    provider: &Provider,
    attempt: &Attempt,
    code: String,
    redirect_uri: &str,
    now: Timestamp,
) -> Result<Person, Failure> {
    let metadata = discovery.metadata(&provider.issuer, now).map_err(Failure::Unreachable)?;
    let client = client(provider, metadata, redirect_uri).map_err(Failure::Unreachable)?;
    let request = client.exchange_code(AuthorizationCode::new(code));
    let request = request.map_err(|error| Failure::Unreachable(words(&error)))?;
    let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
    let tokens = request.set_pkce_verifier(verifier).request(&|request| discovery.send(request));
    let tokens = tokens.map_err(|error| Failure::Unreachable(words(&error)))?;
    let unverified = |why: &str| Failure::Unverified(why.to_owned());
    let id_token = tokens.id_token().ok_or_else(|| unverified("it sent no ID token"))?;
    let kid = token::key_id(&id_token.to_string());
    let keys = discovery.keys(&provider.issuer, kid.as_deref(), now);
    let verifier = verifier_for(provider, keys.map_err(Failure::Unreachable)?, now)?;
    let claims = id_token.claims(&verifier, &Nonce::new(attempt.nonce.clone()));
    let claims = claims.map_err(|error| Failure::Unverified(words(&error)))?;
    check_party(claims, &provider.client_id)?;
    if let Some(expected) = claims.access_token_hash() {
        let failed = |error: &dyn std::error::Error| Failure::Unverified(words(error));
        let algorithm = id_token.signing_alg().map_err(|error| failed(&error))?;
        let key = id_token.signing_key(&verifier).map_err(|error| failed(&error))?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if actual.map_err(|error| failed(&error))? != *expected {
            return Err(unverified("at_hash is of another access token"));
        }
    }
    let expires_in = tokens.extra_fields().extra_fields().session_expires_in;
    Ok(person_of(claims, provider, expires_in))
}

fn client(
    provider: &Provider,
    metadata: ProviderMetadataWithLogout,
    redirect_uri: &str,
) -> Result<ProviderClient, String> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|error| words(&error))?;
    let methods = metadata.token_endpoint_auth_methods_supported();
    let has = |method: CoreClientAuthMethod| methods.is_some_and(|known| known.contains(&method));
    // Without a list, a provider takes the header (OpenID Connect Discovery 1.0, 3).
    let in_body = !has(CoreClientAuthMethod::ClientSecretBasic)
        && has(CoreClientAuthMethod::ClientSecretPost);
    let auth_type = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
    let id = ClientId::new(provider.client_id.clone());
    let secret = ClientSecret::new(provider.client_secret.as_str().to_owned());
    Ok(Client::from_provider_metadata(metadata, id, Some(secret))
        .set_redirect_uri(redirect)
        .set_auth_type(auth_type))
}

/// The token must be meant for this client (OpenID Connect Core 3.1.3.7, 4 and 5). The verifier has
/// checked that nobody else is in its audience.
pub(super) fn check_party(
    claims: &IdTokenClaims<OtherClaims, CoreGenderClaim>,
    client_id: &str,
) -> Result<(), Failure> {
    match claims.authorized_party() {
        Some(party) if party.as_str() != client_id => {
            Err(Failure::Unverified("azp is another client".into()))
        }
        _ => Ok(()),
    }
}

fn verifier_for(
    provider: &Provider,
    keys: openidconnect::core::CoreJsonWebKeySet,
    now: Timestamp,
) -> Result<openidconnect::core::CoreIdTokenVerifier<'static>, Failure> {
    verifier(&provider.issuer, &provider.client_id, keys, now).map_err(Failure::Unverified)
}

fn person_of(
    claims: &IdTokenClaims<OtherClaims, CoreGenderClaim>,
    provider: &Provider,
    session_expires_in: Option<u32>,
) -> Person {
    let email = claims.email().map(|email| email.as_str().to_owned());
    let is_verified = claims.email_verified() == Some(true);
    let name = claims.name().and_then(|name| name.get(None));
    let others = claims.additional_claims();
    let claimed = others.0.get("session_expires_in").and_then(serde_json::Value::as_u64);
    Person {
        issuer: claims.issuer().as_str().to_owned(),
        subject: claims.subject().as_str().to_owned(),
        verified_email: email.clone().filter(|_| is_verified),
        email,
        name: name.map(|name| name.as_str().to_owned()),
        groups: groups(others, &provider.groups_claim),
        authenticated_at: claims
            .auth_time()
            .map(|at| Timestamp::from_millis(at.timestamp_millis())),
        session_expires_in: session_expires_in
            .or_else(|| claimed.and_then(|seconds| u32::try_from(seconds).ok())),
    }
}
