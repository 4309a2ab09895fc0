*** Settings ***
Documentation       From an empty folder to a pack that is filed, signed and run by its ref.
Resource            keywords.resource
Suite Setup         Begin A Folder
Suite Teardown      End The Folder


*** Test Cases ***
A New Pack Passes Its Own Check
    Fluxrig    0    pack    new    announcement
    ${said}=    Fluxrig    0    pack    check    announcement
    Should Contain    ${said}    valid

Its Scenarios Pass With Pytest And Without
    ${said}=    Pytest    0    announcement
    Should Match Regexp    ${said}    (?m)^fluxscenario: evidence passed, 22 records
    ${said}=    Fluxrig    0    scenario    run    announcement
    Should Contain    ${said}    22 passed
    ${said}=    Fluxrig    0    evidence    verify    .fluxscenario/evidence
    Should Contain    ${said}    evidence intact

A Change Of A Record Is Found
    Copy Directory    ${FOLDER}/.fluxscenario/evidence    ${FOLDER}/edited
    ${text}=    Get File    ${FOLDER}/edited/records.jsonl
    ${text}=    Replace String    ${text}    "verdict":"passed"    "verdict":"failed"    count=1
    Create File    ${FOLDER}/edited/records.jsonl    ${text}
    ${said}=    Fluxrig    3    evidence    verify    edited
    Should Contain    ${said}    evidence damaged

It Is Filed, Listed And Run By Its Ref
    ${said}=    Fluxrig    0    profile    import    announcement
    Should Match Regexp    ${said}    ^announcement:v0\\.1\\.0 sha256:[0-9a-f]{64}
    ${said}=    Fluxrig    0    profile    list
    Should Contain    ${said}    announcement
    Move Directory    ${FOLDER}/announcement    ${FOLDER}/elsewhere
    ${said}=    Fluxrig    0    scenario    run    announcement:latest
    Should Contain    ${said}    22 passed
    ${said}=    Pytest    0    --fluxscenario-ref\=announcement:v0.1.0
    Should Contain    ${said}    22 passed
    Move Directory    ${FOLDER}/elsewhere    ${FOLDER}/announcement
    ${said}=    Fluxrig    0    store    check

What Is Not There Is Said In A Line
    ${said}=    Fluxrig    2    scenario    run    anouncement:latest
    Should Contain    ${said}    announcement
    ${said}=    Fluxrig    2    pack    check    nowhere
    Should Contain    ${said}    nowhere

Documents And Scenarios Are Filed As Well
    Create File    ${FOLDER}/letter.json    {"type": "object", "required": ["text"]}
    ${said}=    Fluxrig    0    spec    import    letter.json    --name    letter
    Should Match Regexp    ${said}    ^letter:[^ ]+ sha256:[0-9a-f]{64}
    Fluxrig    0    scenario    import    announcement/scenarios/happy_path.scenario.yaml
    ${said}=    Fluxrig    0    scenario    list
    Should Contain    ${said}    happy_path
    ${said}=    Fluxrig    0    scenario    run    happy_path:latest
    Should Contain    ${said}    1 passed
    Fluxrig    0    scenario    export    happy_path:latest    exported.yaml
    ${one}=    Get Binary File    ${FOLDER}/announcement/scenarios/happy_path.scenario.yaml
    ${other}=    Get Binary File    ${FOLDER}/exported.yaml
    Should Be Equal    ${one}    ${other}
    ${said}=    Fluxrig    2    spec    import    nowhere.json    --name    letter
    Should Contain    ${said}    nowhere.json

Every Rule Of It Is Noticed When It Is Lost
    ${said}=    Fluxrig    0    mutate    announcement
    Should Contain    ${said}    47 of 47 mutants noticed

An Archive Is The Pack
    Fluxrig    0    pack    build    announcement    -o    announcement.fstpack
    ${said}=    Pytest    0    announcement.fstpack
    Should Contain    ${said}    22 passed

Evidence Is Signed And Verified With A Key
    Run Process    openssl    genpkey    -algorithm    ed25519    -out    key.pem    cwd=${FOLDER}
    Run Process    openssl    pkey    -in    key.pem    -pubout    -out    public.pem    cwd=${FOLDER}
    Pytest    0    announcement
    Fluxrig    3    evidence    verify    .fluxscenario/evidence    --key    public.pem
    Fluxrig    0    evidence    sign    .fluxscenario/evidence    --key    key.pem
    ${said}=    Fluxrig    0    evidence    verify    .fluxscenario/evidence    --key    public.pem
    Should Contain    ${said}    signed with public.pem

Another Control Is Held Against The Rules
    ${said}=    Fluxrig    0    gear    check    stdio:${BIN}/fluxrig gear serve {pack}
    Should Contain    ${said}    53 of 53 scenarios hold
