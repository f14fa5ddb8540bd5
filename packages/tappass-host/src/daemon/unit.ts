import { TapPassError } from '@tappass/core';

/** What the unit is printed for. */
export interface UnitOptions {
	readonly node: string;
	/** Node's own options. */
	readonly options: readonly string[];
	readonly program: string;
	/** Group whose members may speak to the daemon; absent: root alone. */
	readonly group?: string;
}

/**
 * A systemd unit for root's daemon. What it may not have is what it does not need; it must keep what making namespaces,
 * users and mounts for agents needs.
 * @throws {TapPassError} usage when a path cannot be written in a unit
 */
export function systemdUnit({ group, node, options, program }: UnitOptions): string {
	for (const path of [node, program]) {
		if (!/^\/[\w@%+./-]+$/.test(path) || path.includes('%'))
			throw new TapPassError('usage', {
				detail: `${path} cannot be written in a unit`,
				hint: 'install it in a plain path',
			});
	}
	return `[Unit]
Description=TapPass host daemon
Documentation=man:systemd.service(5)
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
# The datagrams are sent by a socat that the daemon starts.
NotifyAccess=all
ExecStart=${node} ${options.join(' ')} ${program} daemon --foreground${group === undefined ? '' : ` --group ${group}`}
Restart=always
RestartSec=1
WatchdogSec=30
TimeoutStopSec=20
# Agents end with their daemon, and come back with the next one.
KillMode=mixed
StateDirectory=tappass
StateDirectoryMode=0711
RuntimeDirectory=tappass-host
RuntimeDirectoryMode=${group === undefined ? '0711' : '0751'}
UMask=0077
# Limits of memory and processes for each agent.
Delegate=cpu memory pids
TasksMax=infinity
LimitNOFILE=65536

ProtectSystem=strict
ReadWritePaths=/var/lib/tappass
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
# Changing to an agent's user, making its namespaces and mounts, ending it, and giving it directories; nothing else.
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_NET_ADMIN CAP_SETPCAP CAP_KILL CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_RESOURCE
# Workspaces are directories of people: name those that agents may be given.
# ReadWritePaths=/home/ada/project

[Install]
WantedBy=multi-user.target
`;
}
