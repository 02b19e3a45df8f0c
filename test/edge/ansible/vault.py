"""What the real ansible-vault makes of contents, passwords and vaults. One process answers for all.

stdin:  {"seal":  [{"name", "content", "password", "id", "salt"}],     bytes in base64, salt as text
         "open":  [{"name", "vault", "keys": [[ID, PASSWORD]]}],
         "yaml":  [{"name", "text", "keys"}],                          YAML with !vault values, all keys at the top
         "files": [{"name", "path"}]}                                  password files
stdout: the answers by kind and name: {"seal": {"vault", "string"}, "open": CONTENT | null, "yaml": {KEY: TEXT}, "files": PASSWORD | null}
"""
import base64
import json
import os
import sys

asked = json.load(sys.stdin)
config = os.path.join(asked['home'], 'ansible.cfg')
open(config, 'w').close()
os.environ.update(ANSIBLE_CONFIG=config, ANSIBLE_HOME=asked['home'])

from ansible.cli.vault import VaultCLI
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import AnsibleVaultError, VaultLib, VaultSecret, VaultSecretsContext, get_file_vault_secret


def plain(text):
    return base64.b64decode(text)


def coded(data):
    return base64.b64encode(data).decode()


def secrets(keys):
    return [(vault_id, VaultSecret(plain(password))) for vault_id, password in keys]


def seal(one):
    vault = VaultLib().encrypt(plain(one['content']), VaultSecret(plain(one['password'])), one['id'], one['salt'])
    return {'vault': vault.decode(), 'string': VaultCLI.format_ciphertext_yaml(vault, name='a_name') + '\n'}


def opened(one):
    try:
        return coded(VaultLib(secrets(one['keys'])).decrypt(one['vault']))
    except AnsibleVaultError:
        return None


def values(one):
    VaultSecretsContext._current = None
    VaultSecretsContext.initialize(VaultSecretsContext(secrets(one['keys'])))
    loaded = DataLoader().load(one['text'])
    return {str(key): str(value) for key, value in loaded.items()}


def password(one):
    secret = get_file_vault_secret(filename=one['path'], loader=DataLoader())
    try:
        secret.load()
    except Exception:
        return None
    return coded(secret.bytes)


kinds = {'seal': seal, 'open': opened, 'yaml': values, 'files': password}
json.dump({kind: {one['name']: answer(one) for one in asked[kind]} for kind, answer in kinds.items()}, sys.stdout)
