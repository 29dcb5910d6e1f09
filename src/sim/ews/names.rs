//! Names that stand in EWS requests: folders and versions.

/// Folders that may be named by `t:DistinguishedFolderId`: those of the published schema, and those clients have since
/// learnt from Exchange Online.
const DISTINGUISHED: &str = "\
    adminauditlogs allcategorizeditems allcontacts allitems allpersonmetadata alltaggeditems archive \
    archivedeleteditems archiveinbox archivemsgfolderroot archiverecoverableitemsdeletions \
    archiverecoverableitemsdiscoveryholds archiverecoverableitemspurges archiverecoverableitemsroot \
    archiverecoverableitemsversions archiveroot calendar companycontacts conflicts contacts conversationhistory \
    deleteditems directory dlppolicyevaluation drafts externalcontacts favorites fromfavoritesenders imcontactlist \
    important inbox inference journal junkemail localfailures mecontact msgfolderroot mycontacts notes \
    onedriverecylebin onedriveroot onedrivesystem onedrivevolume onenotepagepreviews orionnotes outbox \
    peoplecentricconversationbuddies peopleconnect personmetadata publicfoldersroot qedcdefaultretention \
    qedclongretention qedcmediumretention qedcshortretention quarantinedemail quarantinedemaildefaultcategory \
    quickcontacts recipientcache recoverableitemsdeletions recoverableitemsdiscoveryholds recoverableitemspurges \
    recoverableitemsroot recoverableitemssubstrateholds recoverableitemsversions relevantcontacts root scheduled \
    searchfolders sentitems serverfailures sharepointnotifications shortnotes starred syncissues tagitems tasks \
    teamchat teamchathistory teamspaceactivity teamspacemessaging teamspaceworkitems temporarysaves todosearch \
    usercuratedcontacts voicemail yammerfeeds yammerinbound yammeroutbound yammerroot \
    ";

/// Versions that `t:RequestServerVersion` may name.
const VERSIONS: &str = "Exchange2007 Exchange2007_SP1 Exchange2009 Exchange2010 Exchange2010_SP1 Exchange2010_SP2 Exchange2012 \
    Exchange2013 Exchange2013_SP1 Exchange2015 Exchange2016 V2015_10_05 V2016_01_06 V2016_04_13 V2016_07_13 V2016_10_10 V2017_01_07 \
    V2017_04_14 V2017_07_11";

/// Tells whether `name` is a distinguished name of a folder.
pub(super) fn is_distinguished(name: &str) -> bool {
    DISTINGUISHED.split_ascii_whitespace().any(|known| known == name)
}

/// Tells whether a request may name that version. Later ones, as in `ServerVersionInfo`, must not be repeated.
pub(super) fn is_version(name: &str) -> bool {
    VERSIONS.split_ascii_whitespace().any(|known| known == name)
}
