# Infrastructure as a whole.
# DORA Art. 9(2) and 11(6), NIS2 Art. 21(2)(c): an agent that is taken over, or wrong, must not be able to take a service
# down for good. Read off the catalog, so that a tool a tenant adds tomorrow is under it as well.
package tappass.policy

tools.deny contains name if {
	some name, tool in input.catalog.tools
	tool.effect == "delete"
	some capability in ["deployment", "identity_admin", "infrastructure_admin"]
	capability in tool.capabilities
}
