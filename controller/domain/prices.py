"""What Fargate costs by AWS's price list: data, and nothing else. To bring it up to date, write new figures and a new
date.

US dollars an hour for one vCPU and for one GB of memory, Linux on X86. A region that is not here is said to be unknown.
"""

from collections.abc import Mapping

SOURCE = "https://aws.amazon.com/fargate/pricing/"
READ_ON = "2026-11-22"

ON_DEMAND: Mapping[str, tuple[str, str]] = {
    "af-south-1": ("0.0546", "0.006"),
    "ap-east-1": ("0.0556", "0.0061"),
    "ap-northeast-1": ("0.05056", "0.00553"),
    "ap-northeast-2": ("0.04656", "0.00511"),
    "ap-south-1": ("0.04256", "0.004655"),
    "ap-southeast-1": ("0.05056", "0.00553"),
    "ap-southeast-2": ("0.04856", "0.00532"),
    "ca-central-1": ("0.04456", "0.004865"),
    "eu-central-1": ("0.04656", "0.00511"),
    "eu-north-1": ("0.0445", "0.0049"),
    "eu-south-1": ("0.0486", "0.0053"),
    "eu-west-1": ("0.04048", "0.004445"),
    "eu-west-2": ("0.04656", "0.00511"),
    "eu-west-3": ("0.0486", "0.0053"),
    "me-south-1": ("0.0526", "0.0058"),
    "sa-east-1": ("0.0696", "0.0076"),
    "us-east-1": ("0.04048", "0.004445"),
    "us-east-2": ("0.04048", "0.004445"),
    "us-west-1": ("0.04656", "0.00511"),
    "us-west-2": ("0.04048", "0.004445"),
}

ARM = "0.8"
"""Of the price on X86, in every region that has it: us-east-1 lists 0.03238 and 0.00356."""

SPOT = "0.3"
"""Of the price on demand: the least that AWS asks. It moves, and is asked for nowhere in advance."""
