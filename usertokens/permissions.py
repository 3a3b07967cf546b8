"""The permissions that let a caller see or act for somebody else."""

VIEW_ANY = "usertokens.view_any"
ACT_FOR_ANY = "usertokens.act_for_any"
MANAGE_TOKENS = "usertokens.manage_tokens"
