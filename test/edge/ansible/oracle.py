"""What the real Ansible makes of inventories and patterns. One process answers for all: starting Ansible takes a second.

stdin:  {"root": FOLDER with an empty ansible.cfg, 
         "samples": [{"name", "folder", "sources": [PATH], "patterns": [TEXT]}]}, each sample in FOLDER/ITS FOLDER
stdout: {NAME: {"list": JSON, "graph": TEXT, "hosts": {PATTERN: [HOST] | "error"}} | {"error": true}}
"""
import json
import os
import sys

asked = json.load(sys.stdin)
os.environ.update(
    ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED='1',
    # No settings of whoever runs this.
    ANSIBLE_CONFIG=os.path.join(asked['root'], 'ansible.cfg'),
    ANSIBLE_HOME=os.path.join(asked['root'], '.ansible'),
)

from ansible import context
from ansible.cli.inventory import InventoryCLI
from ansible.inventory import group as group_module
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager


class OrderedSet(dict):
    """Ansible walks groups below the first level in the order of a set, another one in each run. Here it is the order
    of the file, which is one of those that a run may have."""

    def __init__(self, items=()):
        super().__init__((item, None) for item in items)

    def add(self, item):
        self[item] = None

    def update(self, items):
        for item in items:
            self[item] = None

    def difference_update(self, items):
        for item in items:
            self.pop(item, None)

    def copy(self):
        return OrderedSet(self)


group_module.set = OrderedSet
ignored = []


def warning(self, msg, *args, **kwargs):
    prefix = 'Could not match supplied host pattern, ignoring: '
    if msg.startswith(prefix):
        ignored.append(msg[len(prefix):])


Display.warning = warning
Display.error_as_warning = lambda self, *args, **kwargs: None
Display.deprecated = lambda self, *args, **kwargs: None
Display.error = lambda self, *args, **kwargs: None
context.CLIARGS = ImmutableDict(export=False, basedir=None, show_vars=False, yaml=False, toml=False, pattern='all')


def hosts_of(inventory, pattern):
    """What the pattern means: after --limit where it names a file, as the hosts of a play elsewhere."""
    ignored.clear()
    try:
        if '@' in pattern:
            inventory.subset(pattern)
            try:
                found = sorted(host.name for host in inventory.get_hosts('all'))
            finally:
                inventory.subset(None)
        else:
            found = [host.name for host in inventory.get_hosts(pattern)]
    except Exception:
        return 'error'
    return {'hosts': found, 'ignored': list(ignored)} if ignored else found


def answer(root, sample):
    os.chdir(os.path.join(root, sample['folder']))
    loader = DataLoader()
    loader.set_vault_secrets([('default', VaultSecret(b'correct horse'))])
    try:
        # As the command line of Ansible does.
        sources = [source if ',' in source else os.path.abspath(source) for source in sample['sources']]
        inventory = InventoryManager(loader=loader, sources=sources)
        cli = InventoryCLI(['ansible-inventory', '--list'])
        cli.loader, cli.inventory = loader, inventory
        cli.vm = VariableManager(loader=loader, inventory=inventory)
        listed = json.loads(InventoryCLI.dump(cli.json_inventory(cli._get_group('all'))))
        graph = cli.inventory_graph()
    except Exception as error:
        if os.environ.get('SAY_WHY'):
            print(sample['name'], type(error).__name__, str(error)[:300], file=sys.stderr)
        return {'error': True}
    return {'list': listed, 'graph': graph, 'hosts': {text: hosts_of(inventory, text) for text in sample['patterns']}}


json.dump({sample['name']: answer(asked['root'], sample) for sample in asked['samples']}, sys.stdout)
