"""The first schema: calls, segments, drafts, tickets, agents, events"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agent',
        sa.Column('agent', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.Column('password_hash', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('agent')
    )
    op.create_table('call',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('dialled', sa.String(), nullable=False),
        sa.Column('source_line', sa.String(), nullable=False),
        sa.Column('caller_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('caller_digest', sa.String(), nullable=True),
        sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('channel', sa.String(), nullable=False),
        sa.Column('linkedid', sa.String(), nullable=False),
        sa.Column('flow', sa.String(), nullable=False),
        sa.Column('keys', sa.String(), nullable=False),
        sa.Column('enterprise', sa.Boolean(), nullable=False),
        sa.Column('queue', sa.String(), nullable=True),
        sa.Column('agent', sa.String(), nullable=True),
        sa.Column('agent_channel', sa.String(), nullable=False),
        sa.Column('transcript', sa.String(), nullable=False),
        sa.Column('rating', sa.String(), nullable=True),
        sa.Column('cause', sa.Integer(), nullable=True),
        sa.Column('arrived_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('offered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('connected_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('talk_ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('call', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_call_agent'), ['agent'], unique=False)
        batch_op.create_index(batch_op.f('ix_call_arrived_at'), ['arrived_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_call_caller_digest'), ['caller_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_call_state'), ['state'], unique=False)

    op.create_table('counter',
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('value', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('name')
    )
    op.create_table('event',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('cursor', sa.Integer(), nullable=True),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('audience', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('cursor')
    )
    op.create_table('record_key',
        sa.Column('record', sa.String(), nullable=False),
        sa.Column('wrapped', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('record')
    )
    op.create_table('console_session',
        sa.Column('token_digest', sa.String(), nullable=False),
        sa.Column('agent', sa.String(), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['agent'], ['agent.agent'], ),
        sa.PrimaryKeyConstraint('token_digest')
    )
    with op.batch_alter_table('console_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_console_session_agent'), ['agent'], unique=False)

    op.create_table('draft',
        sa.Column('call_id', sa.String(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('fields_sealed', sa.LargeBinary(), nullable=False),
        sa.Column('ticket', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(['call_id'], ['call.id'], ),
        sa.PrimaryKeyConstraint('call_id')
    )
    op.create_table('recording',
        sa.Column('call_id', sa.String(), nullable=False),
        sa.Column('leg', sa.String(), nullable=False),
        sa.Column('file', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['call_id'], ['call.id'], ),
        sa.PrimaryKeyConstraint('call_id', 'leg')
    )
    op.create_table('segment',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('call_id', sa.String(), nullable=False),
        sa.Column('leg', sa.String(), nullable=False),
        sa.Column('party', sa.String(), nullable=False),
        sa.Column('start_ms', sa.Integer(), nullable=False),
        sa.Column('end_ms', sa.Integer(), nullable=False),
        sa.Column('text_sealed', sa.LargeBinary(), nullable=False),
        sa.Column('engine', sa.String(), nullable=False),
        sa.Column('confidence', sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(['call_id'], ['call.id'], ),
        sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('segment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_segment_call_id'), ['call_id'], unique=False)

    op.create_table('ticket',
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('call_id', sa.String(), nullable=True),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('source_line', sa.String(), nullable=False),
        sa.Column('agent', sa.String(), nullable=False),
        sa.Column('fields_sealed', sa.LargeBinary(), nullable=False),
        sa.Column('caller_digest', sa.String(), nullable=True),
        sa.Column('contact_digest', sa.String(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['call_id'], ['call.id'], ),
        sa.PrimaryKeyConstraint('number'),
        sa.UniqueConstraint('call_id')
    )
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_caller_digest'), ['caller_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_contact_digest'), ['contact_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_state'), ['state'], unique=False)
