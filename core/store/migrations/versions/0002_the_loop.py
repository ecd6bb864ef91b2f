"""The work-order engine: tickets with their clocks, steps, units' parts, timers, notices, accesses"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def where(condition: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {'sqlite_where': sa.text(condition), 'postgresql_where': sa.text(condition)}


# SQLite takes a partial index only where the condition is asked for in the same words.
OPEN: dict[str, Any] = {'sqlite_where': sa.text('open = 1'), 'postgresql_where': sa.text('open')}


# SQLite's index of words follows the table by itself. Words only: no columns, no places in the text.
# An open ticket has one word more, by which a search for what is open meets nothing else.
TOLD = "words || CASE open WHEN 1 THEN ' open' ELSE '' END"
REMOVE = (
    "INSERT INTO ticket_fts (ticket_fts, rowid, words) VALUES ('delete', old.id, "
    "old.words || CASE old.open WHEN 1 THEN ' open' ELSE '' END);"
)
ADD = (
    "INSERT INTO ticket_fts (rowid, words) VALUES (new.id, "
    "new.words || CASE new.open WHEN 1 THEN ' open' ELSE '' END);"
)
FTS5 = (
    f"CREATE VIEW ticket_words_told AS SELECT id, {TOLD} AS words FROM ticket_words",
    "CREATE VIRTUAL TABLE ticket_fts USING fts5(words, content='ticket_words_told', "
    "content_rowid='id', detail=none, columnsize=0, tokenize='ascii')",
    f"CREATE TRIGGER ticket_words_added AFTER INSERT ON ticket_words BEGIN {ADD} END",
    f"CREATE TRIGGER ticket_words_removed AFTER DELETE ON ticket_words BEGIN {REMOVE} END",
    f"CREATE TRIGGER ticket_words_changed AFTER UPDATE ON ticket_words BEGIN {REMOVE} {ADD} END",
)


def index_words() -> None:
    """What finds the tickets by their words: FTS5, or a GIN index that is never behind."""
    if op.get_bind().dialect.name == 'sqlite':
        for statement in FTS5:
            op.execute(sa.text(statement))
    else:
        op.create_index('ix_ticket_words_words', 'ticket_words', ['words'],
                        postgresql_using='gin', postgresql_with={'fastupdate': 'off'})
        op.create_index('ix_ticket_words_open', 'ticket_words', ['words'], postgresql_using='gin',
                        postgresql_with={'fastupdate': 'off'}, postgresql_where=sa.text('open'))


def upgrade() -> None:
    op.create_table('abuse',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('caller_digest', sa.String(), nullable=False),
        sa.Column('measure', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('proposed_by', sa.String(), nullable=False),
        sa.Column('decided_by', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('evidence', sa.JSON(), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decision_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('review_asked_by', sa.String(), nullable=False),
        sa.Column('review_asked_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('reviewed_by', sa.String(), nullable=False),
        sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('review_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('policy', sa.String(), nullable=False),
        sa.Column('number_sealed', sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('abuse', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_abuse_caller_digest'), ['caller_digest'], unique=False)

    op.create_table('access',
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.Column('act', sa.String(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('error_id', sa.String(), nullable=False),
        sa.Column('digest', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('seq')
    )
    with op.batch_alter_table('access', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_actor'), ['actor'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_subject'), ['subject'], unique=False)

    op.create_table('access_head',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('entries', sa.Integer(), nullable=False),
        sa.Column('digest', sa.String(), nullable=False),
        sa.Column('seal', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id')
    )
    op.create_table('meeting',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('county', sa.String(), nullable=False),
        sa.Column('called_by', sa.String(), nullable=False),
        sa.Column('called_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('held_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('units', sa.JSON(), nullable=False),
        sa.Column('minutes_sealed', sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint('id')
    )
    op.create_table('notice',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=True),
        sa.Column('template', sa.String(), nullable=False),
        sa.Column('recipient', sa.String(), nullable=False),
        sa.Column('channel', sa.String(), nullable=False),
        sa.Column('address_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('text_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('receipt', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_next_at'), ['next_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_number'), ['number'], unique=False)

    op.create_table('timer',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('fired_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('subject', 'kind', 'round')
    )
    with op.batch_alter_table('timer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_timer_subject'), ['subject'], unique=False)
        batch_op.create_index('ix_timer_due', ['due_at', 'id'], unique=False,
            sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))

    op.create_table('follow_up',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('reached', sa.Boolean(), nullable=False),
        sa.Column('contacted', sa.Boolean(), nullable=True),
        sa.Column('solved', sa.Boolean(), nullable=True),
        sa.Column('satisfied', sa.Boolean(), nullable=True),
        sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('follow_up', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_follow_up_number'), ['number'], unique=False)

    op.create_table('meeting_ticket',
        sa.Column('meeting', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('unit', sa.String(), nullable=False),
        sa.Column('due', sa.DateTime(timezone=True), nullable=True),
        sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['meeting'], ['meeting.id'], ),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('meeting', 'number')
    )
    op.create_table('problem',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('level', sa.Integer(), nullable=False),
        sa.Column('raised_by', sa.String(), nullable=False),
        sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('due', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('opinion', sa.String(), nullable=False),
        sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('decided_by', sa.String(), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('problem', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_problem_number'), ['number'], unique=False)
        batch_op.create_index('ix_problem_open', ['raised_at', 'id'], **where("state = 'open'"))

    op.create_table('rating',
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('level', sa.Integer(), nullable=True),
        sa.Column('unit', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('number')
    )
    op.create_table('request',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('unit', sa.String(), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('workdays', sa.Integer(), nullable=False),
        sa.Column('level', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('decided_by', sa.String(), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('until', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_request_number'), ['number'], unique=False)
        batch_op.create_index('ix_request_open', ['asked_at', 'id'], **where("state = 'open'"))

    op.create_table('step',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('act', sa.String(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('target', sa.String(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.Column('unit', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('article', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('details', sa.JSON(), nullable=False),
        sa.Column('policy', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('number', 'seq')
    )
    op.create_index('ix_step_exempt', 'step', ['number'], **where("act = 'exempt'"))

    op.create_table('supervision',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('rung', sa.String(), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('unit', sa.String(), nullable=False),
        sa.Column('enterprise', sa.Boolean(), nullable=False),
        sa.Column('feedback_due', sa.DateTime(timezone=True), nullable=True),
        sa.Column('feedback_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('feedback_sealed', sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('number', 'rung', 'round')
    )
    with op.batch_alter_table('supervision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_supervision_number'), ['number'], unique=False)
        batch_op.create_index('ix_supervision_owed', ['at', 'id'],
                              **where('feedback_due IS NOT NULL AND feedback_at IS NULL'))

    op.create_table('task',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('open', sa.Boolean(), nullable=False),
        sa.Column('unit', sa.String(), nullable=False),
        sa.Column('part', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('sign_due', sa.DateTime(timezone=True), nullable=True),
        sa.Column('due', sa.DateTime(timezone=True), nullable=True),
        sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('signed_by', sa.String(), nullable=False),
        sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('result_sealed', sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_number'), ['number'], unique=False)
    op.create_index('ix_task_open', 'task', ['unit', 'open', 'created_at', 'number'])
    op.create_index('ix_task_newest', 'task', ['unit', 'created_at', 'number'])

    with op.batch_alter_table('agent', schema=None) as batch_op:
        batch_op.add_column(sa.Column('county', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('unit', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('active', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('by_hand', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('recording', schema=None) as batch_op:
        batch_op.add_column(sa.Column('erase', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.add_column(sa.Column('open', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('channel', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('place_digest', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('county', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('type', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('urgency', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('category', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('subject', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('enterprise', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('fast_track', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('enforcement', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('retaliation', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('secrecy', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('accused', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('route', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('policy', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('directory_line', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('first_unit', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('unit', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('designated', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('dispatches', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('returns', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('postponements', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('redone', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('ladder', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('countersigned_by', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('sign_due', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('handle_due', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('handle_unit', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('left', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('dispatched_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('suspended_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('handled_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('parent', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('parent_kind', sa.String(), nullable=False, server_default=''))
        batch_op.create_index(batch_op.f('ix_ticket_place_digest'), ['place_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_parent'), ['parent'], unique=False)
        batch_op.drop_index(batch_op.f('ix_ticket_state'))
    op.create_index('ix_ticket_open', 'ticket', [
        'created_at', 'number', 'state', 'type', 'urgency', 'subject', 'category', 'county',
        'unit', 'handle_due', 'secrecy', 'agent'], **OPEN)
    op.create_index('ix_ticket_newest', 'ticket', ['created_at', 'number'])
    op.create_index('ix_ticket_county', 'ticket', ['county', 'created_at', 'number'])
    op.create_index('ix_ticket_unit', 'ticket', ['unit', 'created_at', 'number'])

    op.create_table('ticket_words',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('open', sa.Boolean(), nullable=False),
        sa.Column('words', sa.Text().with_variant(postgresql.TSVECTOR(), 'postgresql'), nullable=False),
        sa.ForeignKeyConstraint(['number'], ['ticket.number'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('number')
    )
    index_words()
