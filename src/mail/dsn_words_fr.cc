#include "mail/dsn_words.h"

namespace malleposte::mail {
namespace {

constexpr std::string_view ask_them =
    "Contactez le destinataire par un autre moyen, ou écrivez au postmaster de ce domaine.";
constexpr std::string_view check_address =
    "Vérifiez que l'adresse ne contient pas de faute, puis renvoyez le message.";
constexpr std::string_view later = "Renvoyez le message plus tard.";
constexpr std::string_view smaller = "Envoyez-le en plusieurs parties plus petites.";
constexpr std::string_view ask_ours =
    "Si plusieurs destinataires sont concernés, prévenez le postmaster de ce système de "
    "messagerie.";
constexpr std::string_view not_so =
    "Quelque chose dans le message n'est pas accepté par ce système de messagerie.";

constexpr auto meanings = std::to_array<Meaning>({
    {"1.0", {"L'adresse présente un problème.", check_address}},
    {"1.1", {"Il n'y a pas de boîte aux lettres de ce nom dans ce domaine.", check_address}},
    {"1.2", {"Le domaine, c'est-à-dire la partie après le @, n'existe pas.", check_address}},
    {"1.3", {"L'adresse n'est pas écrite comme ce domaine l'attend.", check_address}},
    {"1.6",
     {"La boîte aux lettres a déménagé, et sa nouvelle adresse n'est pas connue.", ask_them}},
    {"1.7", {"Votre propre adresse n'y est pas acceptée.", ask_ours}},
    {"1.8", {"Votre propre adresse n'y est pas acceptée.", ask_ours}},
    {"1.10", {"Ce domaine indique qu'il ne reçoit aucun courrier.", check_address}},
    {"2.1", {"La boîte aux lettres existe, mais elle est fermée.", ask_them}},
    {"2.2",
     {"La boîte aux lettres est pleine.",
      "Renvoyez le message quand le destinataire aura fait de la place."}},
    {"2.3", {"Le message est plus gros que ce que la boîte aux lettres accepte.", smaller}},
    {"2.4", {"La liste de diffusion à cette adresse ne fonctionne pas.", ask_them}},
    {"3.1", {"Le système de messagerie du destinataire est plein.", later}},
    {"3.2",
     {"Le système de messagerie du destinataire ne prend pas de courrier en ce moment.", later}},
    {"3.4",
     {"Le message est plus gros que ce que le système de messagerie suivant accepte.", smaller}},
    {"4.1", {"Le système de messagerie du destinataire ne répond pas.", ask_them}},
    {"4.2",
     {"La connexion avec le système de messagerie du destinataire a été interrompue.", later}},
    {"4.3", {"L'annuaire des noms (DNS) de ce domaine ne répond pas.", later}},
    {"4.4",
     {"Aucun chemin vers un système de messagerie de ce domaine n'est connu.", check_address}},
    {"4.5", {"Le système de messagerie du destinataire est surchargé.", later}},
    {"4.6", {"Le message tournerait en rond.", ask_ours}},
    {"4.7", {"Le délai pendant lequel il pouvait être remis est écoulé.", later}},
    {"5.3", {"Le message a trop de destinataires.", "Envoyez-le à moins de personnes à la fois."}},
    {"6.0", {not_so, ask_them}},
    {"6.1", {not_so, ask_them}},
    {"6.3", {not_so, ask_them}},
    {"6.7",
     {"L'adresse ou l'en-tête contient des lettres, accentuées par exemple, que le système de "
      "messagerie suivant ne comprend pas.",
      "Utilisez pour ce destinataire une adresse en lettres simples (de a à z), s'il en a une."}},
    {"7.0", {"Le système de messagerie du destinataire ne veut pas de ce message.", ask_them}},
    {"7.1",
     {"Le système de messagerie du destinataire ne veut pas de ce message, ou d'aucun message de "
      "votre part.",
      ask_them}},
    {"7.2", {"Vous n'avez pas le droit d'écrire à cette liste de diffusion.", ask_them}},
    {"7.8", {"Le système de messagerie suivant demande une identification.", ask_ours}},
    {"7.20", {"Le message ne porte pas de signature (DKIM) qui y soit acceptée.", ask_ours}},
    {"7.23",
     {"Notre système de messagerie n'est pas autorisé à envoyer du courrier au nom de votre "
      "domaine "
      "(SPF).",
      ask_ours}},
    {"7.25", {"L'adresse de notre système de messagerie n'a pas de nom correct.", ask_ours}},
    {"7.26", {"Le message ne prouve pas qu'il vient de votre domaine (SPF, DKIM).", ask_ours}},
    {"7.28", {"Vous, ou d'autres, avez trop écrit à ce système de messagerie.", later}},
});

}  // namespace

constinit const DsnWords french_words{
    .language = Language::french,
    .failure_subject = "Message non remis, retourné à l'expéditeur",
    .delay_subject = "Message retardé (l'envoi continue)",
    .success_subject = "Message transmis au système de messagerie suivant",
    .delivered_subject = "Message distribué",
    .report_subject = "Messages non remis : {} avis en un seul",
    .greeting = "Ici le système de messagerie de {host}.",
    .failure =
        "Votre message n'a pas pu être remis aux destinataires nommés ci-dessous, et il n'y "
        "aura pas d'autre tentative. La raison figure sous chacun d'eux.",
    .warning = "CECI N'EST QU'UN AVERTISSEMENT. VOUS N'AVEZ PAS BESOIN DE RENVOYER VOTRE MESSAGE.",
    .delay =
        "Depuis {span}, votre message n'a pas pu être remis aux destinataires nommés "
        "ci-dessous. Il est conservé ici et d'autres tentatives auront lieu jusqu'au {until} ; "
        "ensuite il vous sera retourné. Il n'y aura pas d'autre avertissement.",
    .success =
        "Vous avez demandé à savoir ce que devient votre message. Pour les destinataires "
        "nommés ci-dessous, il a été transmis au système de messagerie suivant. Celui-ci "
        "n'envoie pas de confirmation de remise : vous n'aurez d'autres nouvelles qu'en cas "
        "d'échec.",
    .delivered =
        "Vous avez demandé à savoir ce que devient votre message. Il se trouve dans les boîtes "
        "aux lettres des destinataires nommés ci-dessous.",
    .expired =
        "Il n'a pas pu être remis dans le délai prévu : les tentatives ont duré {span}. La "
        "dernière s'est terminée ainsi :",
    .host_said = "Le serveur {host} a répondu :",
    .at_host = "Au serveur {host} :",
    .more = "Et {count} autres destinataires, trop nombreux pour être nommés.",
    .all_attached = "Votre message entier, tel qu'il est arrivé ici le {date}, est joint.",
    .header_attached = "L'en-tête de votre message, tel qu'il est arrivé ici le {date}, est joint.",
    .report =
        "Il y a tant à dire des messages envoyés depuis votre adresse que les avis sont réunis "
        "en rapports. Ce rapport remplace {count} avis. Pour ce qui a échoué, il n'y aura pas "
        "d'autre tentative ; ce qui est en retard est conservé ici et l'envoi continue.",
    .message_of = "Message du {date}",
    .failed = "{} a échoué :",
    .late = "{} est en retard :",
    .relayed = "{} a été transmis :",
    .delivered_to = "{} l'a reçu dans sa boîte aux lettres.",
    .meanings = meanings,
    .refused = {"Le système de messagerie du destinataire refuse le message.", ask_them},
    .not_now = {"Le système de messagerie du destinataire ne prend pas le message en ce moment.",
                later},
    .day = {"{} jour", "{} jours"},
    .hour = {"{} heure", "{} heures"},
    .minute = {"{} minute", "{} minutes"},
    .second = {"{} seconde", "{} secondes"},
    .under_a_second = "moins d'une seconde",
    .date = "{weekday} {day} {month} {year} à {clock} (UTC)",
    .weekdays = {"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
    .months = {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
               "octobre", "novembre", "décembre"},
};

}  // namespace malleposte::mail
