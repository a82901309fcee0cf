"""The ports that a stack's processes are given."""

from __future__ import annotations

from vsm.one_machine.ports import free_ports


def test_a_port_that_is_meant_for_somebody_else_is_not_given_out() -> None:
    """Where all but three are spoken for it is these three."""
    free = free_ports(3)

    assert set(free_ports(3, but=set(range(65_536)) - set(free))) == set(free)
