"""`tocsin demo`: the real daemon watches a small web site that breaks and heals."""

from agent.demo.show import run_demo

__all__ = ["run_demo"]
