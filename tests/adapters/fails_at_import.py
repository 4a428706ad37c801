"""An adapter whose file cannot be imported."""

import a_package_nobody_has  # noqa: F401
