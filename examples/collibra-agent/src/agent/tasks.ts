/** The tasks that the agent knows, as prompts. */
export const tasks: Readonly<Record<string, string>> = {
	'add-email-column':
		'Task: add-email-column. Look at the columns of the table accounts in the schema customers, and add a column named email if there is none.',
	'drop-pii-archive':
		'Task: drop-pii-archive. Delete the asset pii_archive.contacts_2019 of the schema pii_archive; nobody needs it any more.',
	'clean-up-temp-assets':
		'Task: clean-up-temp-assets. Delete every asset of the schema customers whose name begins with tmp_import.',
};
