# Oversight by people.
# Articles 14 and 26(2) ask that people can step in before an act takes effect, not that they read about it later. The
# numbers are this Pack's; the Regulation names none.
package tappass.decision

# Annex III, point 4: systems that decide or help to decide about employment are high-risk.
require_approval contains msg if {
	"hr_data" in input.tool.capabilities
	input.tool.effect != "read"
	msg := sprintf("%s changes employment data: somebody looks at it first (EU AI Act Art. 14(1), 26(2))", [input.tool.name])
}

# Article 14(4)(b): after a long run of calls nobody is looking any more, so somebody is made to.
require_approval contains msg if {
	input.session.tool_calls >= 200
	input.tool.effect != "read"
	msg := sprintf("%d tool calls in this session: changes wait until somebody has looked in (EU AI Act Art. 14(4)(b))", [input.session.tool_calls])
}

# Article 14(5): two people verify separately what a biometric system says. One approval cannot stand for that.
deny contains msg if {
	"biometric_data" in input.policy.categories
	input.tool.effect != "read"
	some capability in ["decision_about_people", "identity_admin"]
	capability in input.tool.capabilities
	msg := sprintf("%s would act on a biometric result: two people verify it and act themselves (EU AI Act Art. 14(5))", [input.tool.name])
}
