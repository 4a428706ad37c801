"""The process of a target: how it is started, what is sent to it, and what becomes of it."""
