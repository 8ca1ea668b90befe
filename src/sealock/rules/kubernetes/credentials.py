"""Which texts are credentials, and which only stand for one."""

from __future__ import annotations

import re

# Tokens that say themselves what they are, by their issuers' published forms.
_TOKEN = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bgithub_pat_[A-Za-z0-9_]{60}"
    r"|\bglpat-[A-Za-z0-9_-]{20}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{20}"
    r"|\b[rs]k_live_[A-Za-z0-9]{20}"
    r"|\bAIza[0-9A-Za-z_-]{35}"
    r"|\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"
    r"|\bnpm_[A-Za-z0-9]{36}"
    r"|\bdckr_pat_[A-Za-z0-9_-]{20}"
    r"|\bhvs\.[A-Za-z0-9_-]{24}"
)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@")
_NAME = re.compile(
    r"(?i)(?:^|[_.-])(?:pass(?:word|wd|phrase)|pwd|client[_.-]?secret"
    r"|(?:secret|access|api|private|signing|encryption|secret[_.-]?access)[_.-]?key"
    r"|(?:auth|access|api|bearer|bot|refresh)[_.-]?token)$"
)
_ASSIGNED = re.compile(
    r"(?im)(?:^|[{,])\s*[\"']?[\w.-]*?(?:password|passwd|passphrase|secret|token|keydata"
    r"|(?:access|api|private|secret)[_-]?key)[\"']?\s*[:=][ \t]*[\"']?([^\s\"',}]{4,})"
    r"|\"auth\"\s*:\s*\"([A-Za-z0-9+/=]{8,})\""
)
# Filled in later: by kustomize's or Argo CD's plugins, Vault, sops, a shell, or a person.
_PLACEHOLDER = re.compile(
    r"(?i)^(?:<.*>|\*+|x{3,}|-+|\.+|(?:ref\+|vault:|op://|arn:aws:|gcp:|azurekeyvault:|file:|secret://).*)$"
    r"|\$\{|\$\(|\{\{|<path:|^\$[A-Z_]+$|^%.*%$|^@.*@$|\bENC\[|BEGIN (?:AGE|PGP) |^\$ANSIBLE_VAULT"
    r"|change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this|with)|place[-_ ]?holder|redacted|dummy|to[-_ ]?do\b"
    r"|fix[-_ ]?me|\byour[-_ ]|\binsert[-_ ]|example|not[-_ ]?(?:set|used|needed)|\bunset\b|to[-_ ]be[-_ ]"
)
_WORD = re.compile(
    r"(?i)^(?:true|false|yes|no|on|off|none|null|nil|empty|enabled?|disabled?|required|optional|\d{1,5})?$"
)
# What Secrets hold beside what is secret.
_OPEN_KEY = re.compile(
    r"(?i)(?:^|[_.-])(?:user(?:name)?|login|host(?:name)?|port|address|database|db|dbname|type|ur[il]|name"
    r"|namespace|project|server|region|bucket|endpoint|email|insecure|enableoci|scheme|schema|driver|issuer"
    r"|(?:client|tenant|account|subscription|app|key|org)[_.-]?id|version|sslmode|ca\.crt|pub)$"
)
_REFERRING = re.compile(r"^[a-z0-9]+(?:[-./_][a-z0-9]+)+$")
_KIND_OF = re.compile(r"secret|key|token|pass|cred")


def has_token(text: str) -> bool:
    """Say whether a text holds what cannot be anything but a credential."""
    found = _TOKEN.search(text)
    if found and "EXAMPLE" not in found[0]:
        return True
    inside = _IN_URL.search(text)
    return inside is not None and not stands_for_another(inside[1])


def stands_for_another(text: str) -> bool:
    """Say whether a text is a placeholder, a reference or encrypted, or says nothing at all."""
    return bool(_WORD.match(text.strip()) or _PLACEHOLDER.search(text.strip()))


def is_named_credential(name: str, text: str) -> bool:
    """Say whether a setting's name says that its value is a credential, and the value does not deny it."""
    text = text.strip()
    if not _NAME.search(name) or stands_for_another(text) or re.search(r"\s", text):
        return False
    if text.startswith(("/", "./", "~", "http://", "https://")):
        return False
    return not (_REFERRING.match(text) and _KIND_OF.search(text))


def is_secret(key: str, text: str) -> bool:
    """Say whether what a Secret holds under `key` should not stand in Git."""
    if has_token(text):
        return True
    if stands_for_another(text) or "-----BEGIN CERTIFICATE-----" in text:
        return False
    if "\n" in text.strip() or text.strip().startswith("{"):
        return any(not stands_for_another("".join(found)) for found in _ASSIGNED.findall(text))
    return not _OPEN_KEY.search(key)


def is_telling(key: str) -> bool:
    """Say whether the name alone tells that there is a credential."""
    return bool(_NAME.search(key) or _KIND_OF.search(key.lower()))
