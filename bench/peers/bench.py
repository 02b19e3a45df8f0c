"""The measuring: brings the hosts to where a job starts, times one contender on it, checks what it left, prints one JSON line. See ../README.md."""
import argparse, hashlib, json, os, shutil, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jinja2

HERE = Path(__file__).resolve().parent
WORK, VENV = Path(os.environ["BENCH_CACHE"]), os.environ["BENCH_VENV"]
JOBS = {
    "J1": "no change", "J2": "one property changed, service restarted", "J3": "dry run, no change",
    "J4": "first install, archive in place", "J5": "first install with the upload",
}
CONTENDERS = {
    "true": ({"FLOOR": "true"}, f"{HERE}/floor/run.sh"),
    "floor": ({}, f"{HERE}/floor/run.sh"),
    "floor-flush": ({"FLOOR_SCRIPT": ".flush"}, f"{HERE}/floor/run.sh"),
    "floor-lean": ({"FLOOR_OPTS": "-o KexAlgorithms=curve25519-sha256"}, f"{HERE}/floor/run.sh"),
    "ansible": ({}, f"{HERE}/ansible/run.sh"),
    "ansible-free": ({"STRATEGY": "free"}, f"{HERE}/ansible/run.sh"),
    "mitogen": ({"MITOGEN": "1"}, f"{HERE}/ansible/run.sh"),
    "pyinfra": ({}, f"{HERE}/pyinfra/run.sh"),
    "pyinfra-no-wait": ({"PYINFRA_ARGS": "--no-wait"}, f"{HERE}/pyinfra/run.sh"),
    "plinth": ({}, f"{HERE.parent}/plinth/run.sh"),
    "plinth-npx": ({"PLINTH_START": "npx tsx"}, f"{HERE.parent}/plinth/run.sh"),
    "plinth-import": ({"PLINTH_START": "node --import tsx"}, f"{HERE.parent}/plinth/run.sh"),
    "plinth-newest": ({"PLINTH_PATH": os.path.dirname(os.environ.get("BENCH_NODE", ""))}, f"{HERE.parent}/plinth/run.sh"),
    "plinth-node": ({"PLINTH_START": os.environ.get("BENCH_NODE", "node")}, f"{HERE.parent}/plinth/run.sh"),
}

# path, template or file, owner, group, mode
FILES = [
    ("/opt/nacos/conf/application.properties", "application.properties.j2", "nacos", "nacos", "640"),
    ("/opt/nacos/conf/cluster.conf", "cluster.conf.j2", "nacos", "nacos", "640"),
    ("/opt/nacos/conf/nacos-logback.xml", "nacos-logback.xml", "nacos", "nacos", "640"),
    ("/etc/nacos/nacos.env", "nacos.env.j2", "root", "nacos", "640"),
    ("/etc/sysctl.d/90-nacos.conf", "sysctl.conf", "root", "root", "644"),
    ("/etc/security/limits.d/90-nacos.conf", "limits.conf", "root", "root", "644"),
    ("/etc/logrotate.d/nacos", "logrotate", "root", "root", "644"),
    ("/etc/systemd/system/nacos.service", "nacos.service.j2", "root", "root", "644"),
]
jinja = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
                           loader=jinja2.FileSystemLoader([HERE / "state", HERE / "floor"]))

opt = argparse.ArgumentParser()
opt.add_argument("--inventory", required=True, help="lines of NAME ADDRESS PORT")
opt.add_argument("--key", required=True, help="private key of root on every host")
opt.add_argument("--job", required=True, help="J1..J5, or several with commas")
opt.add_argument("--contenders", default="floor,plinth",
                 help="of " + ", ".join(CONTENDERS) + "; NAME+warm has ssh masters open beforehand")
opt.add_argument("--runs", type=int, default=3)
opt.add_argument("--rtt", type=float, default=0, help="reach the hosts through a proxy with this round trip, in ms")
opt.add_argument("--memory", action="store_true", help="sample the memory of the whole process tree; its times do not count")
opt.add_argument("--quiet", type=float, default=0, help="before each run wait up to so many seconds until this machine has been idle for one")
opt.add_argument("--out", help="append the JSON lines to this file as well")
opt = opt.parse_args()

hosts = [line.split() for line in Path(opt.inventory).read_text().splitlines() if line.strip()]
key = str(Path(opt.key).resolve())
tmp = WORK / "run"
shutil.rmtree(tmp, ignore_errors=True)
tmp.mkdir()
known, archive, vars_file = tmp / "known_hosts", WORK / "nacos-server-2.0.3.tar.gz", tmp / "vars.json"
ssh_opts = ["-F", "none", "-i", key, "-l", "root", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10",
            "-o", "PreferredAuthentications=publickey", "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
pool = ThreadPoolExecutor(16)


def each(f, over=None):
    return list(pool.map(f, over or hosts))


def master(host, path):
    _, address, port = host
    subprocess.run(["ssh", *ssh_opts, "-fN", "-M", "-o", f"ControlPath={path}", "-p", port, address], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def close(path):
    subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "x"], capture_output=True)


def own(host):
    return tmp / f"own-{host[0]}"


def on(host, script, stdin=None, check=True):
    """Runs a script on a host over the connection that is the bench's own, outside what is measured."""
    cmd = ["ssh", *ssh_opts, "-o", f"ControlPath={own(host)}", "-p", host[2], host[1], script if stdin else "sh -s"]
    for patience in (1, 3, 0):
        if stdin:
            stdin.seek(0)
        r = subprocess.run(cmd, **({"stdin": stdin} if stdin else {"input": script.encode()}), capture_output=True)
        if r.returncode != 255 or not patience:
            break
        time.sleep(patience)
    if r.returncode == 255 or check and r.returncode:
        raise SystemExit(f"{host[0]}: {r.stderr.decode()}")
    return r.stdout.decode()


def render(v, name, host):
    if name.endswith(".j2"):
        return jinja.get_template(name).render(**v, node_name=host[0])
    return (HERE / "state" / name).read_text()


def expected(v, host):
    sha = lambda text: hashlib.sha256(text.encode()).hexdigest()
    home, rel, cache = v["nacos_home"], v["nacos_release"], v["nacos_cache"]
    d = lambda p, mode="750", who="nacos:nacos": f"stat {p} directory {mode} {who}"
    f = lambda p, mode="640", who="nacos:nacos": f"stat {p} regular file {mode} {who}"
    return [
        f"pkg {v['nacos_java_package']} installed", "group nacos:", f"passwd nacos:{home}:/usr/sbin/nologin", "primary nacos",
        d(home), *(d(f"{home}/{x}") for x in ("conf", "logs", "data", "bin", "releases")), d(rel),
        f(f"{rel}/.unpacked"), f(f"{rel}/target/nacos-server.jar"), f"stat {home}/current symbolic link 777 nacos:nacos",
        d("/var/lib/nacos"), d(cache, "755", "root:root"), f(f"{cache}/{v['nacos_archive_name']}", "640", "root:root"),
        d("/etc/nacos", "755", "root:root"), *(f(p, mode, f"{o}:{g}") for p, _, o, g, mode in FILES),
        f"link {rel}", f"{sha(v['nacos_archive_sha256'] + chr(10))}  {rel}/.unpacked",
        *(f"{sha(render(v, t, host))}  {p}" for p, t, *_ in FILES),
        "LoadState=loaded", "ActiveState=active", "SubState=running", "UnitFileState=enabled", "NeedDaemonReload=no",
        "sysctl 1024 600",
    ]


def verify(v, deep=False):
    """What is not as it should be, host by host; deep also reads the archive and the jar."""
    probe = (HERE / "floor/probe.sh").read_text()

    def one(host):
        want, got = set(expected(v, host)), set(x.rstrip() for x in on(host, probe, check=False).splitlines())
        wrong = sorted(want ^ got)
        if deep and not wrong:
            out = on(host, f"cd {v['nacos_release']}; sha256sum target/nacos-server.jar {v['nacos_cache']}/*.gz | cut -c-64; find . ! -user nacos")
            if out.split() != [jar_sha, v["nacos_archive_sha256"]]:
                wrong = [f"release differs: {out}"]
        return wrong

    return {h[0]: w for h, w in zip(hosts, each(one)) if w}


jar_sha = hashlib.sha256(hashlib.shake_256(b"jar").digest(90 << 20)).hexdigest()
paths = " ".join(p for p, *_ in FILES)
MARK = f"""stat -c '%n %i %Y %Z' /opt/nacos /opt/nacos/* /opt/nacos/releases/* /opt/nacos/releases/2.0.3/.unpacked /var/lib/nacos /var/cache/nacos \
/var/cache/nacos/* /etc/nacos /etc/passwd /etc/group {paths} 2>&1; systemctl show nacos.service -p MainPID"""
CPU = """cat /proc/[0-9]*/stat 2>/dev/null | awk '{ sub(/^.*\\) /, ""); s += $12+$13+$14+$15 } END { print "cpu", s/100 }'\n"""
BEFORE = CPU + "echo cursor $(journalctl -q -n 0 --show-cursor | sed 's/^-- cursor: //')\n"
AFTER = "journalctl --sync; journalctl -q -t sshd -t sshd-session -o short --after-cursor='%s' | grep -v \"sshd[^ ]*.$PPID.:\" > /tmp/.sshd\n" \
        "echo logins $(grep -c 'Accepted publickey' /tmp/.sshd)\necho sessions $(grep -c 'Starting session' /tmp/.sshd)\nrm /tmp/.sshd\n"


def account(before=None):
    """CPU seconds of every host so far, and since `before` the logins and the sessions that its sshd has logged (LogLevel VERBOSE)."""
    def one(pair):
        host, past = pair
        return dict(line.split(" ", 1) for line in on(host, CPU + AFTER % past["cursor"] if past else BEFORE).splitlines() if " " in line)
    return each(one, list(zip(hosts, before or [None] * len(hosts))))


def busy():
    """CPU seconds of this whole machine so far."""
    with open("/proc/stat") as f:
        x = [int(n) for n in f.readline().split()[1:9]]
    return (sum(x) - x[3] - x[4]) / os.sysconf("SC_CLK_TCK")


def settle():
    """Waits for an idle second, as long as --quiet allows."""
    deadline, cores = time.monotonic() + opt.quiet, os.cpu_count()
    time.sleep(0.3)
    while time.monotonic() < deadline:
        past = busy()
        time.sleep(1)
        if busy() - past < 0.1 * cores:
            return


def write_vars(threads):
    v = json.loads((HERE / "state/vars.json").read_text())
    v.update(tomcat_max_threads=threads, members=[h[0] for h in hosts], nacos_archive=str(archive), nacos_archive_sha256=sums[0], nacos_archive_sha1=sums[1])
    vars_file.write_text(json.dumps(v, indent=1))
    rendered = tmp / "rendered"
    rendered.mkdir(exist_ok=True)
    for host in hosts:
        files = [{"path": p, "text": render(v, t, host), "owner": o, "group": g, "mode": m} for p, t, o, g, m in FILES]
        for flush, suffix in ((False, ""), (True, ".flush")):
            for job, upload in (("J4", False), ("J5", True)):
                (rendered / f"{host[0]}.{job}{suffix}").write_text(jinja.get_template("install.sh.j2").render(**v, rendered=files, upload=upload, flush=flush))
            (rendered / f"{host[0]}.J2{suffix}").write_text(jinja.get_template("change.sh.j2").render(**v, properties=files[0]["text"], flush=flush))
    return v


def reset(keep):
    each(lambda h: on(h, f"KEEP={int(keep)}\n" + (HERE / "floor/reset.sh").read_text(), check=False))


def place_archive(v):
    def one(host):
        path = f"{v['nacos_cache']}/{v['nacos_archive_name']}"
        if on(host, f"sha256sum {path} 2>/dev/null | cut -c-64").strip() != v["nacos_archive_sha256"]:
            with open(archive, "rb") as f:
                on(host, f"mkdir -p -m 755 {v['nacos_cache']}; cat > {path}; chmod 640 {path}", stdin=f)
    each(one)


def converge(v):
    if verify(v):
        place_archive(v)
        reset(keep=True)
        each(lambda h: on(h, (tmp / "rendered" / f"{h[0]}.J4").read_text()))
        if wrong := verify(v, deep=True):
            raise SystemExit(f"the hosts do not come to the end state: {wrong}")


met = set()


def run_one(name, job, run, targets, inventory):
    global v, threads
    extra, cmd = CONTENDERS[name.removesuffix("+warm")]
    if job == "J2":
        threads += 1
        converge(v)
        # On few hosts the runs follow each other faster than systemd lets a service be restarted.
        each(lambda h: on(h, "systemctl reset-failed nacos.service"))
        v = write_vars(threads)
    elif job in ("J4", "J5"):
        if job == "J4":
            place_archive(v)
        reset(keep=job == "J4")
    else:
        converge(v)
    work, control = tmp / "contender", tmp / "cm"
    for d in (work, control):
        shutil.rmtree(d, ignore_errors=True)
        d.mkdir()
    if name.endswith("+warm"):
        each(lambda h: master(h, f"{control}/{h[1]}-{h[2]}-root"), targets)
    env = {k: x for k, x in os.environ.items() if not k.startswith(("PYTHON", "PIP_", "ANSIBLE_", "NODE_"))} | extra | {
        "BENCH_INVENTORY": str(inventory), "BENCH_KEY": key, "BENCH_JOB": job, "BENCH_CHECK": str(int(job == "J3")),
        "BENCH_VARS": str(vars_file), "BENCH_STATE": str(HERE / "state"), "BENCH_ARCHIVE": str(archive), "BENCH_RENDERED": str(tmp / "rendered"),
        "BENCH_WORK": str(work), "BENCH_CONTROL_DIR": str(control), "BENCH_KNOWN_HOSTS": str(known), "BENCH_VENV": VENV,
        "BENCH_HOME": str(WORK / "home")}
    if name.startswith("plinth") and job in ("J1", "J2", "J3") and name not in met:
        # It keeps the facts of the hosts it has met: the first contact is not what these jobs are about.
        subprocess.run(["sh", "-c", cmd], env=env | {"BENCH_CHECK": "1"}, capture_output=True)
        met.add(name)
    log = WORK / "logs" / f"{name}.{job}.{len(hosts)}.{run}.log"
    log.parent.mkdir(exist_ok=True)
    marks = each(lambda h: on(h, MARK))
    settle()
    load, past, machine = os.getloadavg()[0], account(), busy()
    got = subprocess.run([sys.executable, str(HERE / "measure.py"), *(["--memory"] if opt.memory else []), str(log), "sh", "-c", cmd],
                         env=env, capture_output=True, text=True)
    machine = busy() - machine
    if got.returncode:
        raise SystemExit(got.stderr)
    now = account(past)
    m = json.loads(got.stdout)
    if name.endswith("+warm"):
        each(lambda h: close(f"{control}/{h[1]}-{h[2]}-root"), targets)
    pure = name.startswith("true")
    wrong = {} if pure else verify(v, deep=job in ("J4", "J5"))
    if job in ("J1", "J3"):
        for h, a, b in zip(hosts, marks, each(lambda h: on(h, MARK))):
            if a != b:
                wrong.setdefault(h[0], []).append("touched")
    if job == "J2" and not pure:
        pid = lambda mark: mark.rsplit("=", 1)[1]
        for h, a, b in zip(hosts, marks, each(lambda h: on(h, MARK))):
            if pid(a) == pid(b):
                wrong.setdefault(h[0], []).append("not restarted")
    line = {"job": job, "n": len(hosts), "contender": name, "run": run, "rtt_ms": opt.rtt, **m, "cpu_s": round(m["user_s"] + m["sys_s"], 3),
            "hosts_cpu_s": round(sum(float(b["cpu"]) - float(a["cpu"]) for a, b in zip(past, now)), 2), "machine_cpu_s": round(machine, 2),
            "logins": sum(int(x["logins"]) for x in now), "sessions": sum(int(x["sessions"]) for x in now),
            "ok": not wrong and m["exit"] == 0, "load": round(load, 2), "at": time.strftime("%FT%TZ", time.gmtime())}
    if wrong:
        line["wrong"] = wrong
    print(json.dumps(line), flush=True)
    if opt.out:
        with open(opt.out, "a") as f:
            f.write(json.dumps(line) + "\n")


if not archive.exists():
    subprocess.run([sys.executable, str(HERE / "make_archive.py"), f"{archive}.new"], check=True)
    os.rename(f"{archive}.new", archive)
data = archive.read_bytes()
sums = hashlib.sha256(data).hexdigest(), hashlib.sha1(data).hexdigest()
del data
threads_file = WORK / "threads"
threads = int(threads_file.read_text()) if threads_file.exists() else 200
proxy = None
try:
    targets, inventory, keys = hosts, tmp / "inventory", ""
    if opt.rtt:
        first = 20022
        proxy = subprocess.Popen([sys.executable, str(HERE / "delay_proxy.py"), str(opt.rtt), str(first), *(f"{a}:{p}" for _, a, p in hosts)],
                                 stdout=subprocess.PIPE)
        proxy.stdout.readline()
        targets = [[n, "127.0.0.1", str(first + i)] for i, (n, _, _) in enumerate(hosts)]
    inventory.write_text("".join(" ".join(h) + "\n" for h in targets))
    scan = lambda h: subprocess.run(["ssh-keyscan", "-p", h[2], h[1]], capture_output=True, text=True).stdout
    known.write_text("".join(each(scan, hosts + (targets if proxy else []))))
    each(lambda h: master(h, own(h)))
    v = write_vars(threads)
    for job in opt.job.split(","):
        for run in range(1, opt.runs + 1):
            for name in opt.contenders.split(","):
                if name.startswith("true") and job != "J1":
                    continue
                run_one(name, job, run, targets, inventory)
finally:
    threads_file.write_text(str(threads))
    each(lambda h: close(own(h)))
    if proxy:
        proxy.terminate()
    shutil.rmtree(tmp, ignore_errors=True)
