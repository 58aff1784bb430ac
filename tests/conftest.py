"""What all tests share."""

import gc


def pytest_collection_finish():
    """Modules and tests live to the end; the collector need not look through them again and again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)
