from tests.support.database import *  # noqa: F403
