"""The fields of each answer, with what lies below them in brackets; `*` is any name.

Written by `python -m crucible.schemas.names` from the schemas; edit those, not this.
"""

FIELDS = {
    "summary": """
        id number project_id project_title status mode label attempt ledger created_at started_at
        completed_at updated_at duration_seconds candidate_count scenario_count evaluation_count
        progress(phase done expected) metrics(phase_timings(design(status started_at completed_at
        duration_seconds) scenarios(status started_at completed_at duration_seconds)
        evaluation(status started_at completed_at duration_seconds) ranking(status started_at
        completed_at duration_seconds)) resource_breakdown(design(expected produced llm_calls
        failed_calls retries) scenarios(expected produced llm_calls failed_calls retries)
        evaluation(expected produced llm_calls failed_calls retries) ranking(expected produced
        llm_calls failed_calls retries)) notes) llm_usage(total(call_count failed_call_count
        retry_count input_tokens output_tokens total_tokens cached_input_tokens cache_write_tokens
        reasoning_tokens unmetered_call_count cost_usd unpriced_call_count wasted_cost_usd
        providers(*) models(*)) phases(design(call_count failed_call_count retry_count input_tokens
        output_tokens total_tokens cached_input_tokens cache_write_tokens reasoning_tokens
        unmetered_call_count cost_usd unpriced_call_count wasted_cost_usd providers(*) models(*))
        scenarios(call_count failed_call_count retry_count input_tokens output_tokens total_tokens
        cached_input_tokens cache_write_tokens reasoning_tokens unmetered_call_count cost_usd
        unpriced_call_count wasted_cost_usd providers(*) models(*)) evaluation(call_count
        failed_call_count retry_count input_tokens output_tokens total_tokens cached_input_tokens
        cache_write_tokens reasoning_tokens unmetered_call_count cost_usd unpriced_call_count
        wasted_cost_usd providers(*) models(*)) ranking(call_count failed_call_count retry_count
        input_tokens output_tokens total_tokens cached_input_tokens cache_write_tokens
        reasoning_tokens unmetered_call_count cost_usd unpriced_call_count wasted_cost_usd
        providers(*) models(*)))) error_summary error(kind phase message hint fingerprint
        occurred_at) links(self results calls page results_page)
    """,
    "run": """
        id number project_id project_title status mode label attempt ledger created_at started_at
        completed_at updated_at duration_seconds candidate_count scenario_count evaluation_count
        progress(phase done expected) metrics(phase_timings(design(status started_at completed_at
        duration_seconds) scenarios(status started_at completed_at duration_seconds)
        evaluation(status started_at completed_at duration_seconds) ranking(status started_at
        completed_at duration_seconds)) resource_breakdown(design(expected produced llm_calls
        failed_calls retries) scenarios(expected produced llm_calls failed_calls retries)
        evaluation(expected produced llm_calls failed_calls retries) ranking(expected produced
        llm_calls failed_calls retries)) notes) llm_usage(total(call_count failed_call_count
        retry_count input_tokens output_tokens total_tokens cached_input_tokens cache_write_tokens
        reasoning_tokens unmetered_call_count cost_usd unpriced_call_count wasted_cost_usd
        providers(*) models(*)) phases(design(call_count failed_call_count retry_count input_tokens
        output_tokens total_tokens cached_input_tokens cache_write_tokens reasoning_tokens
        unmetered_call_count cost_usd unpriced_call_count wasted_cost_usd providers(*) models(*))
        scenarios(call_count failed_call_count retry_count input_tokens output_tokens total_tokens
        cached_input_tokens cache_write_tokens reasoning_tokens unmetered_call_count cost_usd
        unpriced_call_count wasted_cost_usd providers(*) models(*)) evaluation(call_count
        failed_call_count retry_count input_tokens output_tokens total_tokens cached_input_tokens
        cache_write_tokens reasoning_tokens unmetered_call_count cost_usd unpriced_call_count
        wasted_cost_usd providers(*) models(*)) ranking(call_count failed_call_count retry_count
        input_tokens output_tokens total_tokens cached_input_tokens cache_write_tokens
        reasoning_tokens unmetered_call_count cost_usd unpriced_call_count wasted_cost_usd
        providers(*) models(*)))) error_summary error(kind phase message hint fingerprint
        occurred_at) links(self results calls page results_page) config(mode num_candidates
        num_scenarios model provider candidates(title description) concurrency max_retries
        timeout_seconds problem(title description goals constraints(name description weight)
        world_model)) budget(max_cost_usd max_total_tokens max_llm_calls max_duration_seconds)
        worker(host pid heartbeat_at) attempts(attempt status started_at completed_at
        duration_seconds error_kind error_summary) estimate(calls tokens(p50 p90) cost_usd(p50 p90)
        duration_seconds(p50 p90) basis(kind runs same_model note) warnings) spend(cost_usd
        cost_per_evaluation_usd cost_per_candidate_usd wasted_cost_usd wasted_share
        unpriced_call_count) top_candidates(id rank title P R I hard_violations)
    """,
    "call": """
        id phase subject run_attempt attempt outcome error_kind error_detail http_status provider
        model_asked model_served input_tokens output_tokens cached_input_tokens cache_write_tokens
        reasoning_tokens cost_usd price_source latency_seconds sent_at settled_at
    """,
    "health": """
        project_id generated_at verdict reasons window(runs since until needed) typical(runs
        duration_seconds(p50 p90) cost_usd(p50 p90) priced_runs candidate_count scenario_count
        evaluation_count total_tokens) last_failure(run_id number completed_at phase kind
        error_summary hint) anomalies(code severity summary metric phase model observed baseline
        ratio sample_size since_run(id number) run_ids next)
    """,
    "trends": """
        project_id generated_at runs(id number status mode created_at completed_at duration_seconds
        cost_usd unpriced_call_count total_tokens evaluation_count error_kind) days(date run_count
        by_status(*) failures_by_kind(*) cost_usd unpriced_call_count total_tokens)
        failures(fingerprint kind phase error_summary count first_run(id number created_at)
        last_run(id number created_at completed_at))
    """,
    "comparison": """
        base(id number project_id project_title status mode label created_at ledger models(*)
        links(self page)) head(id number project_id project_title status mode label created_at
        ledger models(*) links(self page)) generated_at duration_seconds(base head delta
        base_phases(*) head_phases(*) phases(*)) cost_usd(base head delta base_unpriced_call_count
        head_unpriced_call_count causes(calls tokens price retries)) counts(candidate_count(base
        head delta) scenario_count(base head delta) evaluation_count(base head delta)
        call_count(base head delta) failed_call_count(base head delta) retry_count(base head delta)
        input_tokens(base head delta) output_tokens(base head delta) total_tokens(base head delta))
        best_I(base head delta) notes
    """,
    "project": """
        id title description goals constraints(name description weight) world_model
        default_budget(max_cost_usd max_total_tokens max_llm_calls max_duration_seconds) created_at
        updated_at last_run(id number status created_at) recent(number status) failed_24h
        cost_7d_usd unpriced_calls_7d
    """,
    "estimate": """
        calls tokens(p50 p90) cost_usd(p50 p90) duration_seconds(p50 p90) basis(kind runs same_model
        note) warnings
    """,
}
