/** What busybox's wget says when it is used wrongly: its synopsis and the options that exist here. */
export const BUSYBOX_USAGE = `BusyBox v1.36.1 multi-call binary.

Usage: wget [-cqS] [--spider] [-O FILE] [--header STR] [--post-data STR | --post-file FILE] [-T SEC] [-P DIR] [-U AGENT] URL...

	--spider	Only ask whether the URL exists
	--header STR	Send this header too
	--post-data STR	Send STR by POST
	--post-file FILE	Send FILE by POST
	-q		Quiet
	-P DIR		Save into DIR
	-S		Show the server's headers
	-O FILE		Save as FILE ('-' is stdout)
	-T SEC		Time limit
	-U STR		User-Agent
`
