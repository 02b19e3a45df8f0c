/**
 * What becomes of each directive of OpenSSH's configuration (ssh_config(5) of OpenSSH 10), wherever it is written: in
 * the user's or the system's file, or among the ssh arguments of the inventory. Pure data; docs/ssh.md is its page.
 *
 * - honoured: it shapes the connection as it shapes that of `ssh HOST`
 * - ignored: it has no bearing on reaching a host and trusting it, for the reason that stands beside it
 * - missed: a further way in or a further source of trust that is not there. Ignoring it is the stricter choice, so it is
 *   only named when a host can't be reached
 * - refused: to ignore it would be less than was asked for, so no connection is made
 *
 * A directive that is not in the table is not understood, and then only `ssh -G` knows what it does.
 */
export type Directive =
  | { readonly as: 'honoured'; readonly paths?: 'one' | 'many' }
  | { readonly as: 'ignored'; readonly because: string }
  | { readonly as: 'missed'; readonly what: string; readonly paths?: 'one' | 'many' }
  | { readonly as: 'refused'; readonly when: RegExp; readonly what: string; readonly remedy: string }

const honoured: Directive = { as: 'honoured' }
const file: Directive = { as: 'honoured', paths: 'one' }
const files: Directive = { as: 'honoured', paths: 'many' }
const ignored = (because: string): Directive => ({ as: 'ignored', because })

const forwarding = ignored('Plinth opens the tunnels it needs and no others')
const terminal = ignored('Plinth starts a shell of its own, without a terminal')
const sharing = ignored('Plinth has one connection per machine of its own')
const looks = ignored('it is about what the program ssh prints')
const gssapi: Directive = { as: 'missed', what: 'Kerberos (GSSAPI)' }

/** By keyword, in small letters. */
export const directives: ReadonlyMap<string, Directive> = new Map(
  Object.entries({
    // The way there.
    hostname: honoured,
    port: honoured,
    user: honoured,
    addressfamily: honoured,
    bindaddress: honoured,
    proxyjump: honoured,
    proxycommand: honoured,
    canonicalizehostname: honoured,
    canonicaldomains: honoured,
    canonicalizefallbacklocal: honoured,
    canonicalizemaxdots: honoured,
    canonicalizepermittedcnames: honoured,
    connecttimeout: honoured,
    serveraliveinterval: honoured,
    serveralivecountmax: honoured,
    ciphers: honoured,
    macs: honoured,
    kexalgorithms: honoured,
    tag: honoured,
    include: honoured,
    ignoreunknown: honoured,
    bindinterface: {
      as: 'refused',
      when: /./,
      what: 'BindInterface is not honoured',
      remedy: 'name the address to connect from: BindAddress',
    },
    proxyusefdpass: {
      as: 'refused',
      when: /^(yes|true)$/i,
      what: 'ProxyUseFdpass is not honoured',
      remedy: 'use a ProxyCommand that passes the bytes on, or ProxyJump',
    },
    // Whom to trust.
    stricthostkeychecking: {
      as: 'refused',
      when: /^(no|off|false)$/i,
      what: 'host keys are always checked, and StrictHostKeyChecking says no',
      remedy:
        "write accept-new, which takes the key of a host that is new and of no other, or add the host's key to known_hosts",
    },
    userknownhostsfile: files,
    globalknownhostsfile: files,
    hostkeyalias: honoured,
    hostkeyalgorithms: honoured,
    revokedhostkeys: file,
    requiredrsasize: honoured,
    hashknownhosts: ignored('it counts only where StrictHostKeyChecking accept-new adds a key'),
    knownhostscommand: {
      as: 'refused',
      when: /^(?!none$)./i,
      what: 'KnownHostsCommand is not honoured, and it may revoke keys',
      remedy: 'write what it prints to a file, and name that with UserKnownHostsFile',
    },
    verifyhostkeydns: { as: 'missed', what: 'host keys from DNS (VerifyHostKeyDNS)' },
    casignaturealgorithms: ignored('host certificates are not taken'),
    checkhostip: ignored('the key of the name decides'),
    nohostauthenticationforlocalhost: ignored('the keys of this machine are checked as well'),
    updatehostkeys: ignored('Plinth writes no key that it was not asked to write'),
    fingerprinthash: looks,
    visualhostkey: looks,
    // How to log in.
    identityfile: file,
    identitiesonly: honoured,
    identityagent: file,
    preferredauthentications: honoured,
    pubkeyauthentication: honoured,
    passwordauthentication: honoured,
    kbdinteractiveauthentication: honoured,
    challengeresponseauthentication: honoured,
    pubkeyacceptedalgorithms: honoured,
    pubkeyacceptedkeytypes: honoured,
    batchmode: honoured,
    certificatefile: { as: 'missed', what: "the user's certificates (CertificateFile)", paths: 'one' },
    pkcs11provider: { as: 'missed', what: 'keys on a card (PKCS11Provider)', paths: 'one' },
    securitykeyprovider: { as: 'missed', what: 'keys on a security key (SecurityKeyProvider)', paths: 'one' },
    hostbasedauthentication: { as: 'missed', what: 'the trust in this machine (HostbasedAuthentication)' },
    hostbasedacceptedalgorithms: ignored('HostbasedAuthentication is not there'),
    hostbasedkeytypes: ignored('HostbasedAuthentication is not there'),
    enablesshkeysign: ignored('HostbasedAuthentication is not there'),
    gssapiauthentication: gssapi,
    gssapikeyexchange: gssapi,
    gssapiclientidentity: ignored('Kerberos is not there'),
    gssapiserveridentity: ignored('Kerberos is not there'),
    gssapidelegatecredentials: ignored('Kerberos is not there'),
    gssapirenewalforcesrekey: ignored('Kerberos is not there'),
    gssapitrustdns: ignored('Kerberos is not there'),
    gssapikexalgorithms: ignored('Kerberos is not there'),
    kbdinteractivedevices: ignored('it is a wish that sshd may ignore as well'),
    numberofpasswordprompts: ignored('a password is asked for once for all hosts'),
    addkeystoagent: ignored('Plinth gives no key to an agent'),
    usekeychain: ignored('Plinth gives no key to an agent'),
    // What has no bearing on it.
    controlmaster: sharing,
    controlpath: sharing,
    controlpersist: sharing,
    sendenv: ignored('what runs there depends on nothing of this machine'),
    setenv: ignored('what runs there depends on nothing of this machine'),
    remotecommand: terminal,
    requesttty: terminal,
    sessiontype: terminal,
    stdinnull: terminal,
    forkafterauthentication: terminal,
    escapechar: terminal,
    enableescapecommandline: terminal,
    obscurekeystroketiming: terminal,
    permitlocalcommand: terminal,
    localcommand: terminal,
    forwardagent: ignored('the agent is never lent to a host'),
    forwardx11: forwarding,
    forwardx11timeout: forwarding,
    forwardx11trusted: forwarding,
    xauthlocation: forwarding,
    localforward: forwarding,
    remoteforward: forwarding,
    dynamicforward: forwarding,
    permitremoteopen: forwarding,
    gatewayports: forwarding,
    clearallforwardings: forwarding,
    exitonforwardfailure: forwarding,
    streamlocalbindmask: forwarding,
    streamlocalbindunlink: forwarding,
    tunnel: forwarding,
    tunneldevice: forwarding,
    channeltimeout: forwarding,
    compression: ignored('large files are compressed already'),
    connectionattempts: ignored('what sshd dropped for being busy is tried again anyway'),
    tcpkeepalive: ignored('Plinth asks for a sign of life itself'),
    ipqos: ignored('it changes no answer'),
    rekeylimit: ignored('sshd renews the keys by its own RekeyLimit'),
    versionaddendum: looks,
    loglevel: looks,
    logverbose: looks,
    syslogfacility: looks,
  } satisfies Record<string, Directive>),
)

/** Whether a directive can make a difference to a connection: all that are not known to make none. */
export const matters = (keyword: string): boolean => {
  const directive = directives.get(keyword)
  return !directive || (directive.as !== 'ignored' && directive !== gssapi)
}
