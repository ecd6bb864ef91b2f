"""The rules, each with a switch and with the scenarios that it must kill.

Every scenario of an owned row stands here at least once: one that no switch kills shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import literal_column

from core.loop import columns, dating, lists, office, states
from core.loop.acts import (
    closing,
    dispatching,
    intake,
    postponing,
    resolving,
    returning,
    suspending,
)
from core.loop.counting import Counting
from core.loop.evidence import Evidence
from core.loop.scene import Outcome, Scene
from core.loop.secrecy import Mask
from core.loop.states import Act, TicketState
from core.people.access import AccessLog
from core.people.roles import Role
from core.policy.book import PolicyBook
from core.policy.directory import Directory
from core.policy.matrix import Matrix, MatrixRow
from tests.articles import offs
from tests.articles.switching import (
    Switch,
    act,
    both,
    limits,
    move,
    switch,
    times,
    without,
    workdays,
    wrapped,
)

NOBODY_TOLD = without(Scene, "tell")
NO_LOG = without(AccessLog, "enter")

SWITCHES: Mapping[str, tuple[Switch, ...]] = {
    "R01": (
        switch(
            "steps name their article",
            offs.steps_without_article,
            "any_decision_is_restored_from_the_history_with_its_article",
        ),
        switch(
            "a person's word replaces the proposal",
            without(intake, "fill_columns"),
            "what_a_machine_proposed_a_person_changes",
        ),
    ),
    "R02": (
        switch(
            "a ticket is seen by whose it is",
            offs.everybody_sees_everything,
            "a_county_sees_its_own_a_unit_what_it_was_given_the_city_all",
            "reaching_for_what_is_not_ones_own_is_refused_and_leaves_a_trace",
        ),
        switch(
            "a list shows one's own",
            offs.lists_show_everything,
            "a_list_shows_each_of_them_those_and_no_others",
        ),
        switch(
            "a unit's list shows its own",
            offs.units_lists_show_everything,
            "a_list_shows_each_of_them_those_and_no_others",
        ),
        switch(
            "a county counts its own",
            offs.figures_are_everybodys,
            "the_figures_of_a_county_are_those_of_its_own_tickets",
        ),
        switch(
            "a refused attempt is written down",
            NO_LOG,
            "reaching_for_what_is_not_ones_own_is_refused_and_leaves_a_trace",
        ),
    ),
    "R03": (
        switch(
            "archived only from rated or exempted",
            move(Act.ARCHIVE, sources=states.MOVES[Act.ARCHIVE].sources | {TicketState.ANSWERED}),
            "no_path_leads_to_the_archive_past_the_follow_up",
        ),
        switch(
            "an exemption keeps its reason",
            act(Act.EXEMPT, offs.to(TicketState.EXEMPTED)),
            "an_exemption_is_recorded_with_its_reason",
        ),
        switch(
            "an act has its states",
            move(Act.DISPATCH, sources=frozenset(TicketState)),
            "a_step_out_of_order_is_refused_and_changes_nothing",
        ),
    ),
    "R08": (
        switch(
            "the decision table decides",
            offs.first_row,
            "every_decision_on_acceptance_names_article_rule_and_person",
        ),
    ),
    "R09": (
        switch(
            "a refusal keeps ground and channel",
            act(Act.REFUSE, offs.to(TicketState.REFUSED)),
            "a_refusal_is_a_recorded_service_that_can_be_overturned",
        ),
        switch(
            "the caller is told",
            NOBODY_TOLD,
            "a_refusal_is_a_recorded_service_that_can_be_overturned",
        ),
        switch(
            "another one reviews it",
            act(Act.REVIEW_REFUSAL, offs.reviewed_by_oneself),
            "nobody_reviews_a_refusal_of_his_own",
        ),
        switch(
            "of a state secret the category stays",
            without(intake, "keep_category_only"),
            "of_a_state_secret_only_the_category_is_kept",
        ),
    ),
    "R10": (
        switch(
            "what is dispatched is complete",
            without(dispatching, "check_complete"),
            "it_is_opened_incomplete_and_not_dispatched_incomplete",
            "whether_it_is_confidential_has_to_be_asked",
        ),
    ),
    "R13": (
        switch(
            "every cell has a row",
            offs.no_enterprise_has_a_row,
            "every_cell_of_the_table_has_exactly_one_row",
        ),
        switch(
            "no cell has two",
            without(MatrixRow, "fits", True),
            "every_cell_of_the_table_has_exactly_one_row",
        ),
        switch(
            "a table with a fault is found out",
            without(Matrix, "faults", []),
            "every_cell_of_the_table_has_exactly_one_row",
        ),
        switch("the table decides", offs.first_row, "a_ticket_says_which_row_decided_and_why"),
    ),
    "R16": (
        switch(
            "the directory's line leads",
            lambda patch: patch.setattr(Directory, "line", lambda book, *_: book.lines[-1]),
            "every_dispatch_names_its_line_of_the_directory",
        ),
        switch(
            "the last unit is designated",
            without(returning, "_set_designated"),
            "after_three_dispatches_the_hotline_designates",
            "when_its_term_is_over_a_unit_keeps_it_and_the_hotline_designates",
        ),
        switch(
            "there is a term to give it back",
            without(returning, "_term", offs.NEVER),
            "when_its_term_is_over_a_unit_keeps_it_and_the_hotline_designates",
        ),
        switch(
            "a department's duty stays with it",
            without(dispatching, "pushes_down", False),
            "a_departments_duty_is_not_given_to_the_grass_roots",
        ),
    ),
    "R17": (
        switch(
            "the first unit is never changed",
            wrapped(returning, "send", offs.new_first_unit),
            "the_first_unit_stays_written_down_whoever_gets_it_later",
        ),
        switch(
            "only the hotline gives it to another",
            move(
                Act.DECIDE_RETURN,
                roles=states.MOVES[Act.DECIDE_RETURN].roles | {Role.UNIT},
            ),
            "the_first_unit_stays_written_down_whoever_gets_it_later",
        ),
        switch(
            "a dispute stops no clock",
            act(Act.ASK_RETURN, offs.stopped_clock),
            "the_first_units_clock_runs_on_while_a_return_is_disputed",
        ),
    ),
    "R18": (
        switch(
            "every part is concluded first",
            act(Act.HANDLE, offs.to(TicketState.HANDLED)),
            "the_main_unit_concludes_only_when_every_part_has",
            "the_main_unit_closes_when_every_part_is_concluded",
        ),
        switch(
            "a part is urged",
            act(Act.URGE, offs.nothing),
            "the_main_unit_closes_when_every_part_is_concluded",
        ),
    ),
    "R19": (
        switch(
            "a resolution is carried out",
            without(resolving, "hand_over", {}),
            "a_resolution_gives_the_ticket_a_unit_and_a_new_date",
        ),
        switch(
            "it is supervised anew",
            without(dating, "plan_ladder"),
            "a_resolution_gives_the_ticket_a_unit_and_a_new_date",
        ),
    ),
    "R20": (
        switch(
            "more time moves the date",
            without(postponing, "move_due"),
            "more_time_is_asked_before_the_date_and_the_caller_is_told",
            "the_second_time_is_decided_one_level_higher",
        ),
        switch(
            "the caller is told",
            NOBODY_TOLD,
            "more_time_is_asked_before_the_date_and_the_caller_is_told",
        ),
        switch(
            "it is asked in time",
            act(Act.ASK_POSTPONEMENT, offs.asked_in_time),
            "more_time_is_asked_before_the_date_and_the_caller_is_told",
        ),
        switch(
            "the hotline grants it once",
            limits(postponements={"approvals": times(99)}),
            "the_second_time_is_decided_one_level_higher",
        ),
        switch(
            "so many days in all",
            limits(postponements={"most": workdays(1000)}),
            "no_more_days_are_given_in_all_than_the_rules_give",
        ),
    ),
    "R21": (
        switch(
            "what was left is kept",
            without(suspending, "left", 0),
            "a_suspended_clock_goes_on_with_what_was_left",
        ),
        switch(
            "the caller is told",
            NOBODY_TOLD,
            "a_suspended_clock_goes_on_with_what_was_left",
        ),
        switch("it is reviewed", offs.no_reviews, "a_long_suspension_comes_up_for_review"),
        switch(
            "nothing is due meanwhile",
            both(
                without(suspending, "stop_ladder"),
                move(Act.RUNG, sources=states.WITH_UNIT),
            ),
            "a_long_suspension_comes_up_for_review",
        ),
    ),
    "R22": (
        switch(
            "the hotline decides",
            move(
                Act.DECIDE_TERMINATION,
                roles=states.MOVES[Act.DECIDE_TERMINATION].roles | {Role.UNIT},
            ),
            "a_unit_never_terminates_by_itself",
        ),
        switch("the caller is told", NOBODY_TOLD, "a_unit_never_terminates_by_itself"),
        switch(
            "a reason is one of the rules'",
            offs.any_reason,
            "a_termination_has_a_reason_of_the_rules",
        ),
    ),
    "R23": (
        switch(
            "each level decides",
            act(Act.DECIDE_PROBLEM, offs.nothing),
            "a_hard_problem_rises_level_by_level_with_terms_and_opinions",
            "what_is_given_back_goes_down_level_by_level_with_its_reason",
        ),
        switch(
            "each level has a term",
            offs.levels_have_no_term,
            "every_level_has_its_term_and_is_told_when_it_is_over",
        ),
        switch(
            "who is late is told",
            NOBODY_TOLD,
            "every_level_has_its_term_and_is_told_when_it_is_over",
        ),
        switch(
            "given back it lies one level lower",
            offs.problems_stay,
            "what_is_given_back_goes_down_level_by_level_with_its_reason",
        ),
    ),
    "R31": (
        switch(
            "the head signs off",
            act(Act.ANSWER, offs.to(TicketState.ANSWERED)),
            "harm_to_business_is_signed_for_and_closed_by_the_head_himself",
        ),
        switch(
            "the head signs for it",
            act(Act.SIGN, offs.to(TicketState.SIGNED)),
            "harm_to_business_is_signed_for_and_closed_by_the_head_himself",
        ),
        switch(
            "the head is told himself",
            NOBODY_TOLD,
            "harm_to_business_is_signed_for_and_closed_by_the_head_himself",
        ),
        switch(
            "never to the accused",
            offs.anybody_handles,
            "the_unit_complained_about_does_not_get_it",
        ),
    ),
    "R32": (
        switch(
            "to its supervisor only",
            act(
                Act.TRANSFER,
                lambda scene, body: Outcome(TicketState.TRANSFERRED, details={"organ": body.organ}),
            ),
            "complaints_about_enforcement_go_to_its_supervisor_only",
        ),
        switch(
            "the receipt is kept",
            act(Act.RECEIPT, offs.nothing),
            "complaints_about_enforcement_go_to_its_supervisor_only",
        ),
    ),
    "R35": (
        switch(
            "the clock takes the rungs",
            act(Act.RUNG, offs.nothing),
            "each_rung_comes_on_its_day_and_once_and_is_told",
        ),
        switch(
            "those whom it names are told",
            NOBODY_TOLD,
            "each_rung_comes_on_its_day_and_once_and_is_told",
        ),
        switch(
            "each rung once",
            offs.rungs_come_again,
            "a_rung_that_a_person_takes_early_does_not_come_again",
            "each_rung_comes_on_its_day_and_once_and_is_told",
        ),
        switch(
            "feedback is asked for",
            act(Act.FEED_BACK, offs.nothing),
            "what_is_asked_of_the_unit_is_answered",
        ),
    ),
    "R36": (
        switch(
            "an exemption's reason is true",
            without(closing, "_true_of", True),
            "who_cannot_be_reached_is_tried_as_often_as_the_rules_say",
        ),
        switch(
            "it comes back once",
            limits(follow_up={"redo": times(99)}),
            "an_unsatisfied_caller_sends_it_back_once",
        ),
        switch(
            "the caller's yes is kept",
            act(Act.FOLLOW_UP, offs.answers_are_no),
            "the_three_rates_are_as_they_are_worked_out_by_hand",
        ),
        switch(
            "the caller's no is kept",
            act(Act.FOLLOW_UP, offs.answers_are_yes),
            "an_unsatisfied_caller_sends_it_back_once",
            "the_three_rates_are_as_they_are_worked_out_by_hand",
        ),
        switch(
            "there are figures",
            without(Counting, "count", {}),
            "the_three_rates_are_as_they_are_worked_out_by_hand",
        ),
    ),
    "R37": (
        switch(
            "a ticket is masked",
            offs.everybody_reads_as_the_hotline(office),
            "the_unit_does_not_learn_who_asked_for_secrecy",
            "what_was_written_about_him_is_masked_wherever_it_is_read",
        ),
        switch(
            "a list is masked",
            offs.everybody_reads_as_the_hotline(lists),
            "what_was_written_about_him_is_masked_wherever_it_is_read",
        ),
        switch(
            "the words of the history are masked",
            lambda patch: patch.setattr(Mask, "text", lambda mask, words, fields: words),
            "what_was_written_about_him_is_masked_wherever_it_is_read",
        ),
        switch(
            "free text is masked",
            lambda patch: patch.setattr(Mask, "_free", lambda mask, text, known: text),
            "what_was_written_about_him_is_masked_wherever_it_is_read",
        ),
        switch(
            "a recording is heard by approval",
            lambda patch: patch.setattr("core.desk.shelf.granted", lambda *_: True),
            "a_recording_is_heard_by_approval_and_for_a_while",
        ),
        switch(
            "every reading is written down",
            NO_LOG,
            "every_reading_leaves_a_line_that_no_later_hand_can_change",
        ),
    ),
    "R47": (
        switch(
            "on evidence",
            without(Evidence, "check"),
            "step_by_step_by_two_people_and_on_evidence",
        ),
        switch(
            "a call that nobody answered is none",
            without(Evidence, "_tells", True),
            "step_by_step_by_two_people_and_on_evidence",
        ),
        switch(
            "step by step",
            offs.order_does_not_matter,
            "step_by_step_by_two_people_and_on_evidence",
        ),
        switch(
            "by two people",
            offs.decided_by_oneself,
            "step_by_step_by_two_people_and_on_evidence",
        ),
        switch(
            "a limit ends",
            offs.limits_never_end,
            "a_limit_that_is_upheld_ends_by_itself",
        ),
        switch(
            "a review decides",
            offs.reviews_change_nothing,
            "a_limit_that_is_not_upheld_is_lifted_at_once",
        ),
        switch(
            "emergencies stay open",
            offs.the_limited_are_turned_away,
            "who_is_limited_is_helped_in_an_emergency_like_anybody_else",
        ),
    ),
    "R48": (
        switch(
            "never to the accused",
            act(Act.TRANSFER, offs.to(TicketState.TRANSFERRED)),
            "a_complaint_about_revenge_never_reaches_the_accused",
        ),
        switch(
            "every reading is written down",
            NO_LOG,
            "every_reading_leaves_a_line_that_no_later_hand_can_change",
        ),
    ),
    "R49": (
        switch(
            "who brings it is kept",
            wrapped(columns, "fill", offs.one_kind_of_caller),
            "who_brings_it_is_kept_apart_all_the_way",
            "figures_and_lists_are_cut_by_who_brings_it",
        ),
        switch(
            "figures are cut",
            lambda patch: patch.setattr(Counting, "_key", lambda *_: literal_column("''")),
            "figures_and_lists_are_cut_by_who_brings_it",
        ),
    ),
    "R51": (
        switch(
            "a ticket keeps its rules",
            lambda patch: patch.setattr(PolicyBook, "named", lambda book, _: book.versions[-1]),
            "old_tickets_keep_the_rules_they_were_registered_by",
        ),
    ),
}
