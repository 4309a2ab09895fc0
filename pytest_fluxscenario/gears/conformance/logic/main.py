"""The hooks of `control_conformance`: they say of the payload what it says of itself."""

import json
import sys

call = json.loads(sys.stdin.readline())
payload = call["payload"]
if call["hook_id"] == "weigh":
    valid = payload.get("weight") == "right"
    result = {"status": "ok", "valid": valid, "diagnostics": [] if valid else ["the weight is not right"]}
elif "grant" in payload:
    result = {"status": "ok", "facts": {"risky": False, "level": 0, "approval_record": payload["grant"]}}
elif "silent" in payload:
    result = {"status": "ok", "facts": {}}
else:
    result = {"status": "ok", "facts": {"risky": payload.get("risky") is True, "level": payload.get("level", 0)}}
print(json.dumps(result))
