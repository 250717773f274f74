"""The `ssh` kind: does the server speak SSH, with which algorithms, is it the right one, does it let us in?"""

from checks.ssh.kind import KIND
from checks.ssh.spec import SshSpec

__all__ = ["KIND", "SshSpec"]
