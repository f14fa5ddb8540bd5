# Refunds in a row.
# Requirement 7.2.2, least privilege: a limit per refund is worth little when an agent may pay out ten of them. The number is
# this Pack's; the standard names none.
package tappass.decision

require_approval contains msg if {
	"refund" in input.tool.capabilities
	earlier := count([name | some name in input.session.recent_tools; name == input.tool.name])
	earlier >= 4
	msg := sprintf("%s for the %dth time in this session: somebody looks at them together (PCI DSS 7.2.2)", [input.tool.name, earlier + 1])
}
