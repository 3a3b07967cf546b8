"""The permissions to see other users' data and to act for them."""

VIEW_ANY = "usertokens.view_any"
ACT_FOR_ANY = "usertokens.act_for_any"
MANAGE_TOKENS = "usertokens.manage_tokens"
