"""Which tickets stood on a page of a list that the access log knows by its digest"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('access_page',
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('page', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('number', 'page')
    )
