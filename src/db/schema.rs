//! The tables, in diesel's form. `tests/suite/migrations_agree.rs` compares them with both
//! databases.

diesel::table! {
    settings (id) {
        id -> Integer,
        organisation -> Text,
        secret_prefix -> Text,
        maximum_lifetime_days -> Integer,
        default_lifetime_days -> Integer,
        active_key_limit -> BigInt,
        rotation_days_production -> Integer,
        rotation_days_staging -> Integer,
        rotation_days_development -> Integer,
        session_idle_minutes -> Integer,
        session_hours -> Integer,
        master_key_check -> Text,
        version -> BigInt,
        hourly_counts_days -> Integer,
        daily_counts_days -> Integer,
        denials_days -> Integer,
        review_days -> Integer,
        names_folded -> BigInt,
        sends_labels -> Bool,
        checklist_closed -> Bool,
        confirm_minutes -> Integer,
        two_step -> Text,
        two_step_from -> Nullable<BigInt>,
    }
}

diesel::table! {
    mail_server (id) {
        id -> Integer,
        host -> Text,
        port -> Integer,
        security -> Text,
        username -> Text,
        password -> Nullable<Binary>,
        sender -> Text,
    }
}

diesel::table! {
    members (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_folded -> Text,
        password_hash -> Nullable<Text>,
        super_manager -> Bool,
        created_at -> BigInt,
        last_signed_in_at -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
        version -> BigInt,
        invited_until -> Nullable<BigInt>,
        two_step_since -> Nullable<BigInt>,
        two_step_version -> BigInt,
        is_break_glass -> Bool,
    }
}

diesel::table! {
    member_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        member_id -> Text,
        linked_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    member_mapped_access (member_id) {
        member_id -> Text,
        group_names -> Text,
    }
}

diesel::table! {
    sso_logout_tokens (token_hash) {
        token_hash -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sso_mappings (id) {
        id -> Text,
        group_name -> Text,
        super_manager -> Bool,
        permissions -> Text,
    }
}

diesel::table! {
    sso_provider (id) {
        id -> Integer,
        issuer -> Text,
        client_id -> Text,
        client_secret -> Binary,
        scopes -> Text,
        groups_claim -> Text,
        button -> Text,
        new_members -> Text,
        passwords -> Text,
        sign_out_at_provider -> Bool,
        version -> BigInt,
    }
}

diesel::table! {
    member_passkeys (id) {
        id -> Text,
        member_id -> Text,
        credential_id -> Text,
        public_key -> Text,
        sign_count -> BigInt,
        backed_up -> Bool,
        host -> Text,
        name -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    member_permissions (member_id, permission) {
        member_id -> Text,
        permission -> Text,
    }
}

diesel::table! {
    one_time_codes (code_hash) {
        code_hash -> Text,
        purpose -> Text,
        member_id -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sessions (id_hash) {
        id_hash -> Text,
        member_id -> Text,
        state -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        idle_ends_at -> BigInt,
        ends_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        confirmed_network -> Nullable<Text>,
        failed_confirmations -> Integer,
    }
}

diesel::table! {
    member_totp (member_id) {
        member_id -> Text,
        secret -> Binary,
        last_step -> BigInt,
        confirmed_at -> BigInt,
    }
}

diesel::table! {
    member_recovery_codes (member_id, code_hash) {
        member_id -> Text,
        code_hash -> Text,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    spent_form_tokens (token_hash) {
        token_hash -> Text,
        location -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    activity (number) {
        number -> BigInt,
        at -> BigInt,
        event -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        actor_name -> Text,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<Text>,
        subject_name -> Nullable<Text>,
        details -> Text,
        hash -> Binary,
    }
}

diesel::table! {
    activity_head (id) {
        id -> Integer,
        number -> BigInt,
        hash -> Binary,
        seal -> Binary,
        generation -> Integer,
    }
}

diesel::table! {
    scopes (name) {
        name -> Text,
        resource -> Text,
        operation -> Text,
        description -> Text,
        position -> BigInt,
        built_in -> Bool,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    roles (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        name_folded -> Text,
        description -> Text,
        coverage -> Text,
        position -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    role_scopes (role_id, scope) {
        role_id -> Text,
        scope -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        name -> Text,
        name_folded -> Text,
        environment -> Text,
        role_id -> Text,
        all_role_scopes -> Bool,
        notes -> Text,
        version -> BigInt,
        created_at -> BigInt,
        created_by -> Text,
        edited_at -> Nullable<BigInt>,
        expires_at -> BigInt,
        secret_created_at -> BigInt,
        last_used_at -> BigInt,
        last_used_address -> Nullable<Text>,
        attention_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Nullable<Text>,
        noted_at -> Nullable<BigInt>,
        reviewed_at -> Nullable<BigInt>,
        name_sort -> Text,
        owner -> Text,
        external_id -> Text,
        search_text -> Text,
        disabled_at -> Nullable<BigInt>,
        disabled_by -> Nullable<Text>,
        disabled_reason -> Text,
        disabled_until -> Nullable<BigInt>,
        disabled_then -> Nullable<Text>,
        disabled_used -> Bool,
    }
}

diesel::table! {
    api_key_labels (key_id, name) {
        key_id -> Text,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    api_key_scopes (key_id, scope) {
        key_id -> Text,
        scope -> Text,
    }
}

diesel::table! {
    api_key_addresses (key_id, position) {
        key_id -> Text,
        position -> BigInt,
        address -> Text,
    }
}

diesel::table! {
    api_key_secrets (digest) {
        digest -> Binary,
        key_id -> Text,
        pepper_version -> Integer,
        created_at -> BigInt,
        expires_at -> BigInt,
        superseded_at -> Nullable<BigInt>,
        number -> BigInt,
        last_used_at -> BigInt,
        last_used_address -> Nullable<Text>,
        former_proof -> Nullable<Binary>,
    }
}

diesel::table! {
    changes (number) {
        number -> BigInt,
        what -> Text,
    }
}

diesel::table! {
    usage_hours (hour, key_id, secret, outcome) {
        hour -> BigInt,
        key_id -> Text,
        secret -> BigInt,
        outcome -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    usage_days (day, key_id, outcome) {
        day -> BigInt,
        key_id -> Text,
        outcome -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    usage_weeks (week, key_id, outcome) {
        week -> BigInt,
        key_id -> Text,
        outcome -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    usage_totals (hour, outcome) {
        hour -> BigInt,
        outcome -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    stored_secrets (kind, id) {
        kind -> Text,
        id -> Text,
        found_at -> BigInt,
    }
}

diesel::table! {
    stored_secret_search (id) {
        id -> Integer,
        last_key_id -> Text,
        completed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    usage_scopes (key_id, scope) {
        key_id -> Text,
        scope -> Text,
        day -> BigInt,
    }
}

diesel::table! {
    usage_addresses (key_id, address, day) {
        key_id -> Text,
        address -> Text,
        day -> BigInt,
        first_seen_at -> BigInt,
        last_seen_at -> BigInt,
        count -> BigInt,
    }
}

diesel::table! {
    denials (request_id) {
        request_id -> Text,
        key_id -> Nullable<Text>,
        secret -> Nullable<BigInt>,
        reason -> Text,
        detail -> Text,
        address -> Nullable<Text>,
        request_line -> Text,
        at -> BigInt,
        count -> BigInt,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Text,
        url -> Text,
        description -> Text,
        is_active -> Bool,
        secret -> Binary,
        old_secret -> Nullable<Binary>,
        old_secret_ends_at -> Nullable<BigInt>,
        failing_since -> Nullable<BigInt>,
        last_attempt_at -> Nullable<BigInt>,
        gone_at -> Nullable<BigInt>,
        created_at -> BigInt,
        created_by -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    webhook_events (endpoint_id, event) {
        endpoint_id -> Text,
        event -> Text,
    }
}

diesel::table! {
    webhook_messages (id) {
        id -> Text,
        cause -> Text,
        event -> Text,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        endpoint_id -> Text,
        message_id -> Text,
        created_at -> BigInt,
        tries -> BigInt,
        attempts -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        delivered_at -> Nullable<BigInt>,
        given_up_at -> Nullable<BigInt>,
        last_result -> Text,
    }
}

diesel::table! {
    webhook_attempts (delivery_id, number) {
        delivery_id -> Text,
        number -> BigInt,
        at -> BigInt,
        duration -> BigInt,
        status -> Nullable<Integer>,
        error -> Text,
        answer -> Text,
    }
}

diesel::table! {
    mail_outbox (id) {
        id -> Text,
        cause -> Text,
        recipient -> Text,
        subject -> Text,
        text_part -> Text,
        html_part -> Nullable<Text>,
        created_at -> BigInt,
        tries -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        given_up_at -> Nullable<BigInt>,
        last_error -> Text,
        sealed -> Nullable<Binary>,
        link_of -> Nullable<Text>,
        link_ends_at -> Nullable<BigInt>,
        resent -> BigInt,
    }
}

diesel::table! {
    names_alike (kind, id) {
        kind -> Text,
        id -> Text,
        found_at -> BigInt,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    progress (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    invalid_questions (mistake) {
        mistake -> Text,
        first_at -> BigInt,
        last_at -> BigInt,
        count -> BigInt,
    }
}

diesel::table! {
    alerts (id) {
        id -> Text,
        rule -> Text,
        cause -> Text,
        key_id -> Nullable<Text>,
        title -> Text,
        detail -> Text,
        level -> BigInt,
        since -> BigInt,
        opened_at -> BigInt,
        seen_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        mailed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    alert_rules_off (rule) {
        rule -> Text,
    }
}

diesel::table! {
    alert_settings (id) {
        id -> Integer,
        email -> Text,
    }
}

diesel::table! {
    leaks (id) {
        id -> Text,
        key_id -> Text,
        secret -> Nullable<BigInt>,
        reported_at -> BigInt,
        reported_by -> Nullable<Text>,
        reporter -> Text,
        since -> BigInt,
        found -> Text,
        action -> Text,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<Text>,
        closer -> Nullable<Text>,
    }
}

diesel::table! {
    leak_notes (id) {
        id -> Text,
        leak_id -> Text,
        at -> BigInt,
        member_id -> Nullable<Text>,
        author -> Text,
        text -> Text,
    }
}

diesel::table! {
    reviews (id) {
        id -> Text,
        started_at -> BigInt,
        started_by -> Nullable<Text>,
        starter -> Text,
        listed_to -> Nullable<Text>,
        total -> BigInt,
        decided -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by -> Nullable<Text>,
        ender -> Nullable<Text>,
        cancelled -> Bool,
    }
}

diesel::table! {
    review_items (review_id, key_id) {
        review_id -> Text,
        key_id -> Text,
        name -> Text,
        name_sort -> Text,
        environment -> Text,
        role -> Text,
        scopes -> BigInt,
        created_at -> BigInt,
        created_by -> Text,
        expires_at -> BigInt,
        last_used_at -> BigInt,
        decision -> Nullable<Text>,
        note -> Text,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
        decider -> Nullable<Text>,
    }
}

diesel::table! {
    activity_tallies (hour, kind, subject_id) {
        hour -> BigInt,
        kind -> Text,
        subject_id -> Text,
        subject_name -> Text,
        count -> BigInt,
        details -> Text,
    }
}

diesel::table! {
    activity_terms (term) {
        term -> Text,
    }
}

diesel::table! {
    member_networks (member_id, network) {
        member_id -> Text,
        network -> Text,
        last_at -> BigInt,
    }
}

diesel::table! {
    sign_in_networks (network) {
        network -> Text,
        last_signed_in_at -> BigInt,
    }
}

diesel::table! {
    last_backup (id) {
        id -> Integer,
        made_at -> BigInt,
    }
}

diesel::table! {
    last_migration (id) {
        id -> Integer,
        version -> Text,
        usable_from -> Text,
    }
}

diesel::table! {
    restores (id) {
        id -> Text,
        restored_at -> BigInt,
        backup_made_at -> BigInt,
        newest_number -> BigInt,
        newest_hash -> Text,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    former_master_keys (generation) {
        generation -> Integer,
        replaced_at -> BigInt,
        last_entry -> BigInt,
        activity_key -> Binary,
        pepper -> Nullable<Binary>,
    }
}

diesel::table! {
    nodes (id) {
        id -> Text,
        name -> Text,
        master_keys -> Text,
        seen_at -> BigInt,
    }
}

diesel::joinable!(api_key_scopes -> api_keys (key_id));
diesel::joinable!(api_keys -> roles (role_id));
diesel::joinable!(webhook_deliveries -> webhook_endpoints (endpoint_id));
diesel::joinable!(webhook_deliveries -> webhook_messages (message_id));

diesel::allow_tables_to_appear_in_same_query!(
    activity,
    activity_head,
    activity_terms,
    api_key_addresses,
    api_key_labels,
    api_key_scopes,
    api_key_secrets,
    api_keys,
    changes,
    denials,
    former_master_keys,
    leak_notes,
    leaks,
    member_identities,
    member_mapped_access,
    member_passkeys,
    member_permissions,
    members,
    one_time_codes,
    review_items,
    reviews,
    role_scopes,
    roles,
    scopes,
    sessions,
    settings,
    spent_form_tokens,
    sso_logout_tokens,
    sso_mappings,
    sso_provider,
    stored_secret_search,
    stored_secrets,
    usage_addresses,
    usage_days,
    usage_hours,
    usage_scopes,
    usage_totals,
    usage_weeks,
    webhook_attempts,
    webhook_deliveries,
    webhook_endpoints,
    webhook_events,
    webhook_messages,
);
