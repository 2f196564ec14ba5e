-- What each published relation and column is, where `describe` and every SQL client can show it.
-- Each comment is one string, which cannot be wrapped; hence no limit to the length of a line here.
-- noqa: disable=LT05
-- `comment on macro` is DuckDB's own, which sqlfluff does not read yet; hence the PRS where they begin.

comment on table rankings is 'One row per (ds, user_id, rank): the goods each user is most likely to take the day after ds. Unique by (ds, user_id, goods_id).';
comment on column rankings.ds is 'Data day: the ranking is built from what happened before the end of this day, and serves the day after';
comment on column rankings.user_id is 'The user, as the source names them';
comment on column rankings.rank is '1 is best; dense within a user and night';
comment on column rankings.goods_id is 'The goods, as the source names them';
comment on column rankings.shop_id is 'The shop the goods was last seen in; NULL where the source has none';
comment on column rankings.score is 'Probability given by the model, 0 to 1; compare within a night, and between nights of one model';
comment on column rankings.sources is 'Candidate sources that proposed the goods, by name (sql/candidates)';
comment on column rankings.model_id is 'The model that scored it; see models';
comment on column rankings.run_id is 'The run that wrote it';

comment on table use_this_database_first is 'One row: the release that this file is. Macros answer only in the database in use; where another is, type use and the name of this one';
comment on column use_this_database_first.release_id is 'No other release has it, of this store or another';

comment on view latest_rankings is 'One row per (user_id, rank): the newest night of rankings';
comment on column latest_rankings.ds is 'Data day: the ranking is built from what happened before the end of this day, and serves the day after';
comment on column latest_rankings.user_id is 'The user, as the source names them';
comment on column latest_rankings.rank is '1 is best; dense within a user and night';
comment on column latest_rankings.goods_id is 'The goods, as the source names them';
comment on column latest_rankings.shop_id is 'The shop the goods was last seen in; NULL where the source has none';
comment on column latest_rankings.score is 'Probability given by the model, 0 to 1; compare within a night, and between nights of one model';
comment on column latest_rankings.sources is 'Candidate sources that proposed the goods, by name (sql/candidates)';
comment on column latest_rankings.model_id is 'The model that scored it; see models';
comment on column latest_rankings.run_id is 'The run that wrote it';

comment on table why is 'One row per (ds, user_id, goods_id, part, history_id): the history that carried the weight, for the first few goods of each user';
comment on column why.ds is 'Data day of the ranking explained';
comment on column why.user_id is 'The user, as the source names them';
comment on column why.goods_id is 'The ranked goods that is explained';
comment on column why.part is 'goods: past goods that the candidate goods attended to; shop: past shops that its shop attended to';
comment on column why.history_id is 'A goods_id or a shop_id of the user''s history, by part; text where the two are of unlike types';
comment on column why.event_ts is 'UTC; the latest time the user touched it within the sequence';
comment on column why.weight is 'Attention weight summed over its repeats in the sequence; where the model does not normalise, weights need not add up to one and may be negative';
comment on column why.share is 'Size of the weight, out of that of all the goods, or shops, of the sequence together, kept here or not: 0 to 1; NULL in nights of before there was one';

comment on table goods_sequences is 'One row per (ds, user_id): the last goods events before the end of ds, oldest first';
comment on column goods_sequences.ds is 'Data day: every event is strictly before its end';
comment on column goods_sequences.user_id is 'The user, as the source names them';
comment on column goods_sequences.goods_ids is 'Oldest first; a goods touched twice stands twice';
comment on column goods_sequences.event_types is 'Type of each event, same order and length';
comment on column goods_sequences.event_ts is 'UTC time of each event, same order and length';

comment on table shop_sequences is 'One row per (ds, user_id): the last shop events before the end of ds, oldest first';
comment on column shop_sequences.ds is 'Data day: every event is strictly before its end';
comment on column shop_sequences.user_id is 'The user, as the source names them';
comment on column shop_sequences.shop_ids is 'Oldest first; a shop visited twice stands twice';
comment on column shop_sequences.event_types is 'Type of each event, same order and length';
comment on column shop_sequences.event_ts is 'UTC time of each event, same order and length';

comment on table goods is 'One row per goods_id: the catalogue, where the source has one, for names';
comment on column goods.goods_id is 'The goods, as the source names them';
comment on column goods.shop_id is 'The shop the catalogue gives; NULL where there is no catalogue';
comment on column goods.cat_id is 'Category, as the catalogue names it';
comment on column goods.name is 'A readable name; NULL where there is no catalogue';
comment on column goods.active is 'Inactive goods are never candidates';

comment on table outcomes is 'One row per (ds, k): the ranking of the night before ds, held against what people did on ds';
comment on column outcomes.ds is 'The day people acted; the ranking is that of the day before';
comment on column outcomes.k is 'How many of the first ranks count';
comment on column outcomes.users is 'Users who had a ranking and touched a known goods that day; all means are over them';
comment on column outcomes.hit_rate is 'Share of users with at least one touched goods in their top k';
comment on column outcomes.ndcg is 'Discounted gain of the hits over the best possible, 0 to 1';
comment on column outcomes.recall is 'Share of the goods a user touched that stood in their top k';
comment on column outcomes.mrr is 'Mean of one over the rank of the first hit, 0 without one';
comment on column outcomes.coverage is 'Share of all known goods that stood in anybody''s top k';
comment on column outcomes.model_id is 'The model that had ranked';

comment on table outcomes_by_segment is 'One row per (ds, k, kind, segment, ranker): outcomes of users by how long their history is or how new they are, and what each candidate source brought to those of all';
comment on column outcomes_by_segment.ds is 'The day people acted; the ranking is that of the day before';
comment on column outcomes_by_segment.k is 'How many of the first ranks count';
comment on column outcomes_by_segment.kind is 'history: users by how many goods they had touched; user: new in the last 7 days, old, or not ranked; source: all users, and the hits that the source proposed';
comment on column outcomes_by_segment.segment is 'Which of its kind: 0, 1-4, 5-19, 20-99, 100+; new, old, not ranked; or the name of a source';
comment on column outcomes_by_segment.ranker is 'Who ranked: model, or a baseline over the same candidates: popular, bought_again, mean';
comment on column outcomes_by_segment.users is 'Users of the segment who touched a known goods that day; all means are over them';
comment on column outcomes_by_segment.hit_rate is 'Share of them with at least one such hit in the top k; NULL for those not ranked';
comment on column outcomes_by_segment.ndcg is 'Discounted gain of the hits over the best possible, 0 to 1';
comment on column outcomes_by_segment.recall is 'Share of the goods a user touched that stood in the top k';
comment on column outcomes_by_segment.mrr is 'Mean of one over the rank of the first hit, 0 without one';

comment on table baselines is 'One row per (ds, k, ranker): what three simpler orders of the same candidates of the same users reach; outcomes has the model itself; a ranker that could not be made has no row';
comment on column baselines.ds is 'The day people acted; the ranking is that of the day before';
comment on column baselines.k is 'How many of the first ranks count';
comment on column baselines.ranker is 'popular: by how many users touched the goods lately; bought_again: by how often and how lately the user did, then popular; mean: the model of mean pooling from the training of the model that ranked';
comment on column baselines.users is 'Users who had a ranking and touched a known goods that day; all means are over them';
comment on column baselines.hit_rate is 'Share of users with at least one touched goods in the top k';
comment on column baselines.ndcg is 'Discounted gain of the hits over the best possible, 0 to 1';
comment on column baselines.recall is 'Share of the goods a user touched that stood in the top k';
comment on column baselines.mrr is 'Mean of one over the rank of the first hit, 0 without one';
comment on column baselines.model_id is 'The model that ranked; NULL where none did';

comment on table calibration is 'One row per (ds, bin): the rows ranked the night before ds, in ten bins by score, and what share of them was taken on ds, by whoever came or did not';
comment on column calibration.ds is 'The day people acted; the ranking is that of the day before';
comment on column calibration.bin is '1 has the lowest scores; about as many rows each, a tie in one bin; one without rows is not there';
comment on column calibration.rows is 'Rows ranked with such scores';
comment on column calibration.mean_score is 'What the model gave them, on average';
comment on column calibration.taken is 'Share of them whose goods the user touched on ds; far below the score where examples were positives with few negatives each';
comment on column calibration.model_id is 'The model that had ranked';

comment on table drift is 'One row per ds: how its ranking differs from that of the night published before it, over the first ranks that both have';
comment on column drift.ds is 'Data day of the ranking';
comment on column drift.ds_before is 'Data day of the night published before it';
comment on column drift.k is 'How many of the first ranks were held beside each other: the longest ranking of the shorter night';
comment on column drift.users is 'Users ranked in both nights';
comment on column drift.overlap is 'Mean over them of goods ranked in both nights over goods ranked in either, 0 to 1';
comment on column drift.psi is 'Population stability index of the scores over ten bins, cut at the deciles of the night before; 0 where nothing changed';
comment on column drift.psi_limit is 'publish.max_psi, and what chance may bring with so few users; above it, a night of the same model is not published; NULL where there is no limit';
comment on column drift.model_id is 'The model that ranked';
comment on column drift.model_before is 'The model that ranked the night before';

comment on table models is 'One row per trained model, measured on the last days up to ds, which neither taught nor validated it';
comment on column models.model_id is 'Pooling, data day, and hash of the weights';
comment on column models.ds is 'Last data day it may know of';
comment on column models.pooling is 'din, or a baseline: mean, decay';
comment on column models.auc is 'Chance that a positive outranks a negative, a tie half';
comment on column models.gauc is 'AUC within each covered user, weighted by their examples';
comment on column models.logloss is 'Mean log loss, nats';
comment on column models.base_gauc is 'GAUC of mean pooling on the same examples, with the same inputs';
comment on column models.rela_impr is 'Per cent further above a coin toss than mean pooling with the same inputs, by GAUC; NULL where mean pooling is not above one';
comment on column models.champion is 'True for the one that ranks now';
comment on column models.created_at is 'UTC';
comment on column models.train_examples is 'Examples it was trained on';
comment on column models.eval_examples is 'Examples it was measured on';
comment on column models.goods_rows is 'Rows of its goods table, the unknown one included';
comment on column models.shop_rows is 'Rows of its shop table, the unknown one included';
comment on column models.seconds is 'Training time';
comment on column models.gauc_positives is 'AUC within each covered user, weighted by their positives';
comment on column models.gauc_equal is 'AUC within each covered user, each user alike';
comment on column models.users is 'Covered users: those with both a positive and a negative where it was measured; GAUC is over them';
comment on column models.share_covered is 'Covered users as a share of all users it was measured on';
comment on column models.calibration_error is 'How far mean score and mean label of 20 bins of equal count are apart, by their share of examples; 0 is best';
comment on column models.calibration is 'Mean score over mean label: above 1 where it expects more positives than there are';
comment on column models.valid_examples is 'Examples that validated: of the days between those that taught and those that measured';
comment on column models.valid_gauc is 'GAUC on them of the epoch that was kept, the best of all; NULL where none validated';
comment on column models.epoch is 'The epoch whose weights were kept, from 1; 0 where no epoch ranked better than the model it started from';
comment on column models.warm_from is 'The model whose weights it started from; NULL where it started from nothing';
comment on column models.removed_at is 'UTC; when housekeeping removed its checkpoint; NULL where it is there';

comment on table nights is 'One row per night that was ranked';
comment on column nights.ds is 'Data day';
comment on column nights.status is 'OK, OK_WITH_WARNINGS, FAILED_KEPT_YESTERDAY where a check stopped it, or ROLLED_BACK where somebody took it back (nightrank rollback)';
comment on column nights.users is 'Users ranked';
comment on column nights.rows is 'Rows ranked';
comment on column nights.model_id is 'The model that ranked';
comment on column nights.published_at is 'UTC; NULL where it was not published, or was taken back';
comment on column nights.seconds is 'From the first stage of the night to the start of publishing';
comment on column nights.checks is 'Each check of the night before this one was flipped in: name, severity, rows that broke it';
comment on column nights.as_of is 'UTC end of the data day; all history is strictly before it';
comment on column nights.candidates is 'Pairs of a user and a goods that were scored; NULL, as the three after it, for nights ranked before they were counted';
comment on column nights.unknown_goods is 'Candidate goods that came after the model was trained: scored by its row for the unknown';
comment on column nights.unknown_shops is 'Shops of candidates that came after the model was trained: scored by its row for the unknown';
comment on column nights.unknown_rows is 'Rows ranked whose goods or shop came after the model was trained';
comment on column nights.unmatched_types is 'Settings that list event types none of which the night saw, such as candidates.purchase_event_types; NULL for nights before there was this column';

comment on table summaries is 'One row per night that was tried: what it told whoever is on call, as it was then; what became of the night since is in nights. Medians are over the last seven nights published before it; what a night did not come to is NULL';
comment on column summaries.ds is 'Data day';
comment on column summaries.run_id is 'The run that told it: the last that tried the night';
comment on column summaries.state is 'OK; OK_WITH_WARNINGS; FAILED_KEPT_YESTERDAY where it was not published and an earlier night stayed; FAILED where nothing was published at all';
comment on column summaries.stage is 'The stage that it stopped in; NULL where it was published';
comment on column summaries.told_at is 'UTC';
comment on column summaries.sources is 'Freshness of each source of events: the day of the newest event that the night saw, and how many days before ds that is';
comment on column summaries.events is 'Events that this night was the first to see';
comment on column summaries.events_median is 'Their median';
comment on column summaries.users is 'Users ranked';
comment on column summaries.users_median is 'Their median';
comment on column summaries.candidates is 'Pairs of a user and a goods that were scored';
comment on column summaries.candidates_median is 'Their median';
comment on column summaries.rows is 'Rows ranked';
comment on column summaries.rows_median is 'Their median';
comment on column summaries.k is 'How many first ranks hit_rate is of';
comment on column summaries.hit_rate is 'Of the ranking of the night before, held against this day: see outcomes';
comment on column summaries.baseline is 'The best of the baselines by hit rate: see baselines';
comment on column summaries.baseline_hit_rate is 'Its hit rate';
comment on column summaries.overlap is 'See drift';
comment on column summaries.psi is 'See drift';
comment on column summaries.psi_limit is 'See drift';
comment on column summaries.goods_share is 'Coverage: goods ranked for anybody over all goods known, 0 to 1';
comment on column summaries.model_id is 'The champion that ranks the night';
comment on column summaries.model_days is 'Its age: days from the day it was trained for to ds';
comment on column summaries.gauc is 'Its GAUC when it was trained';
comment on column summaries.base_gauc is 'That of mean pooling beside it';
comment on column summaries.late_rows is 'Late data: events that were read, since an earlier night last told, of days that had been read before';
comment on column summaries.late_days is 'How many days those happened on';
comment on column summaries.stages is 'Seconds of each stage in their order; publish up to the flip';
comment on column summaries.advice is 'What is wrong, and what to do: a text each; empty where all is well';

comment on view ranked_nights is 'One row per night whose rankings are here';
comment on column ranked_nights.ds is 'Data day';
comment on column ranked_nights.nights_back is '1 is the newest night, 2 the one before it, ...';
comment on column ranked_nights.as_of is 'UTC end of the data day; all history is strictly before it';
comment on column ranked_nights.model_id is 'The model that ranked';

comment on table intervals is 'One row per (asset, ds): the ledger, what is built, from what, and what failed';
comment on column intervals.asset is 'What was built: events.<source>, histories, sequences, rankings, ...';
comment on column intervals.ds is 'Data day';
comment on column intervals.status is 'running, done or failed';
comment on column intervals.fingerprint is 'Hash of the inputs, the SQL and the settings that shape the asset';
comment on column intervals.run_id is 'The run that built it';
comment on column intervals.rows_in is 'Rows read; for events: rows + duplicates + quarantined';
comment on column intervals.rows is 'Rows kept or written';
comment on column intervals.duplicates is 'Rows that repeated an event_id';
comment on column intervals.quarantined is 'Rows refused, kept aside with their reason';
comment on column intervals.input_watermark is 'UTC time of the latest event it may hold';
comment on column intervals.started_at is 'UTC';
comment on column intervals.finished_at is 'UTC';
comment on column intervals.error is 'What stopped it';
comment on column intervals.parts is 'What the fingerprint is made of: each part and its short hash (events_seen is a number of rows); nightrank plan compares them to say why something is stale';
comment on column intervals.removed_at is 'UTC; when housekeeping removed its files, which are built again when something needs them; NULL where they are there';

comment on table inside.nights is 'One row per night that `nightrank why` can work out again from this file and a model: its sequences are here. The schema inside may change; no question needs it';
comment on column inside.nights.ds is 'Data day';
comment on column inside.nights.has_users is 'Whether the model of that night has a vector of each user';

comment on table inside.goods is 'One row per goods_id: its key, the row of its embedding in the models';
comment on column inside.goods.goods_id is 'The goods, as the source names them';
comment on column inside.goods.goods_key is 'Its key, from 1';

comment on table inside.shops is 'One row per shop_id: its key, the row of its embedding in the models';
comment on column inside.shops.shop_id is 'The shop, as the source names it';
comment on column inside.shops.shop_key is 'Its key, from 1';

comment on table inside.night_goods is 'One row per (ds, goods_key): what a night took a goods for';
comment on column inside.night_goods.ds is 'Data day';
comment on column inside.night_goods.goods_key is 'Key of the goods';
comment on column inside.night_goods.shop_key is 'Key of the shop it was last seen in before the end of ds, 0 where no event says; NULL where nobody had touched the goods by then';
comment on column inside.night_goods.category_key is 'The category the night told its model, where that tells categories apart; NULL where there is none';

comment on table inside.users is 'One row per user ranked in a night of inside.nights whose model has a vector of each user; empty where none has';
comment on column inside.users.user_id is 'The user, as the source names them';
comment on column inside.users.user_key is 'Their key, the row of their vector in the model';

comment on macro is_of_another_database is 'False where the two releases are one; else an error that says what to type'; -- noqa: PRS
comment on macro uuid_text is 'The text of a UUID in small letters, NULL where `wanted` is none';
comment on macro table ranking_for is 'One row per rank: the newest ranking of the user `who`, with names'; -- noqa: PRS
comment on macro table ranking_at is 'One row per rank: the ranking of the user `who` on the data day `night`, with names';
comment on macro table why_for is 'One row per (part, history_id): what carried the weight of the goods `what` in the newest ranking of the user `who`';
comment on macro table movers is 'One row per (user_id, goods_id) whose rank differs between the data days `night_before` and `night_after`; NULL where it was not ranked';
comment on macro table coverage_by_day is 'One row per ds: how many users, goods and shops were ranked, and the share of all goods that were';
