"""The rules of our district: the default pack, with the changes and additions of riverside.toml."""

from pathlib import Path

from partnerflow.policies import load_pack

from .policies import signed_in

RIVERSIDE = load_pack(str(Path(__file__).with_name("riverside.toml")), policies=[signed_in])
