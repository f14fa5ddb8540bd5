# What stays out of scope.
# Requirements 3.4.2 and 7.2.5: a tool that sees a whole screen sees card numbers that its user may see, and can copy them.
# Whatever a tenant adds to the catalog with these capabilities is out as well.
package tappass.policy

tools.deny contains name if {
	some name, tool in input.catalog.tools
	"browser_control" in tool.capabilities
}

# A tool of the cardholder data environment must not be the one that carries data out of it.
tools.deny contains name if {
	some name, tool in input.catalog.tools
	"pci_dss_scope" in tool.capabilities
	some way_out in ["bulk_export", "file_share", "public_publish", "web_fetch"]
	way_out in tool.capabilities
}
