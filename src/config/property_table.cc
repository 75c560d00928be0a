// The table of properties. In the order in which `malleposte properties` and the manual show it:
// what is set most often first, then by subject.
#include <algorithm>
#include <array>

#include "config/properties.h"
#include "config/property_checks.h"

namespace malleposte::config {
namespace {

using namespace checks;
using S = Settings;
using enum Effect;

// Read and checked; set to something else than its default, a notice says that it does nothing yet.
constexpr std::array<std::string_view, 12> not_served{
    "cc_mta",
    "destinations",
    "fs",
    "loopback_only",
    "mon",
    "smart_relay_auth_file",
    "smtps_port",
    "ssl_cert_file",
    "ssl_disabled",
    "ssl_key_file",
    "submission_port",
    "volume_key",
};

constexpr std::array rows = std::to_array<Property>({
    // --- What most installations set -------------------------------------------------------------
    {"hostname", Type::domain, "", restart,
     "Name of this relay in banner, HELO and Received; empty: the machine's full name.",
     "Nom de ce relais dans la bannière, HELO et Received ; vide : nom complet de la machine.",
     "バナー、HELO、Received に使うこのリレーの名前。空の場合はマシンの完全修飾名。", "", false,
     parsed<&S::hostname, parse_domain, true>},
    {"smtpd_trusted_networks", Type::network_list, "127.0.0.1", reload,
     "Networks whose clients may relay to anywhere; may be empty.",
     "Réseaux de confiance, autorisés à relayer vers toute destination ; peut être vide.",
     "任意の宛先へのリレーを許可する信頼済みネットワーク。空も可。", "", false,
     parsed<&S::smtpd_trusted_networks, parse_cidr_list>},
    {"relay_domains", Type::domain_list, "", reload,
     "Domains for which mail is taken from everybody: example.org, or .example.org for its "
     "subdomains.",
     "Domaines dont le courriel est accepté de tous : example.org, ou .example.org pour ses "
     "sous-domaines.",
     "誰からでもメールを受け付けるドメイン。example.org、サブドメインは .example.org。", "", false,
     parsed<&S::relay_domains, parse_patterns>},
    {"smart_relay", Type::next_hop_list, "", reload,
     "SMTP relay for all outgoing mail; several are tried in order; empty: direct by MX.",
     "Hôte relais (smarthost) de tout le courriel sortant ; plusieurs sont essayés dans l'ordre ; "
     "vide : envoi direct par MX.",
     "すべての送信メール用のスマートホスト。複数の場合は順に試行。空の場合は MX による直接配送。",
     "", false, parsed<&S::smart_relay, parse_next_hops>},
    {"routes", Type::file, "", reload,
     "File of routes by domain, one `pattern next-hop[,next-hop...]` a line; they go before "
     "smart_relay.",
     "Fichier des routes par domaine, une ligne `motif saut-suivant[,saut-suivant...]` chacune ; "
     "prioritaires sur smart_relay.",
     "ドメイン別ルートのファイル。1 行に「パターン 次のホップ[,次のホップ...]」。smart_relay "
     "より優先。",
     "", false, routes_file},
    {"root_address", Type::mailbox, "", reload, "Who reads mail to postmaster; empty: it is held.",
     "Destinataire du courriel adressé à postmaster ; vide : il est mis en attente.",
     "postmaster 宛メールの受信者。空の場合は保留。", "", false,
     parsed<&S::root_address, parse_mailbox, true>},

    // --- Addresses and ports ---------------------------------------------------------------------
    {"in", Type::address_list, "", restart,
     "Addresses that take mail and serve the web UI; empty: all (0.0.0.0 and ::).",
     "Adresses de réception du courriel et de l'interface web ; vide : toutes (0.0.0.0 et ::).",
     "メールを受信し Web UI を提供するアドレス。空の場合はすべて (0.0.0.0 と ::)。", "", false,
     parsed<&S::in, parse_address_list>},
    {"smtp_port", Type::port, "25", restart, "Port of SMTP.", "Port SMTP.", "SMTP のポート。", "",
     false, parsed<&S::smtp_port, parse_port>},
    {"smtps_port", Type::port, "465", restart, "Port of SMTP over TLS.", "Port SMTP sur TLS.",
     "SMTP over TLS のポート。", "", false, parsed<&S::smtps_port, parse_port>},
    {"submission_port", Type::port, "587", restart, "Port of mail submission.",
     "Port de soumission du courriel.", "メール投稿 (submission) のポート。", "", false,
     parsed<&S::submission_port, parse_port>},
    {"loopback_only", Type::yes_no, "no", restart, "Takes mail from this machine only.",
     "N'accepte que le courriel de cette machine.", "このマシンからのメールだけを受け付ける。", "",
     false, parsed<&S::loopback_only, parse_yes_no>},
    {"ui", Type::address_list, "", restart,
     "Further addresses that serve the web UI; empty: only those of `in`.",
     "Autres adresses de l'interface web ; vide : seulement celles de `in`.",
     "Web UI を提供する追加アドレス。空の場合は `in` のみ。", "", false,
     parsed<&S::ui, parse_address_list>},
    {"ui_port", Type::port, "80", restart, "Port of the web UI and its API.",
     "Port de l'interface web et de son API.", "Web UI と API のポート。", "", false,
     parsed<&S::ui_port, parse_port>},
    {"username", Type::text, "", restart,
     "User of the web UI; empty: no log-in, and the UI only shows.",
     "Utilisateur de l'interface web ; vide : aucune authentification, consultation seule.",
     "Web UI のユーザ名。空の場合は認証なし (閲覧のみ)。", "", false, plain<&S::username>},
    {"password", Type::text, "", restart,
     "Password of that user, plain or as a hash; ignored while username is empty.",
     "Mot de passe de cet utilisateur, en clair ou haché ; ignoré si username est vide.",
     "そのユーザのパスワード (平文またはハッシュ)。username が空の場合は無視。", "", true,
     plain<&S::password>},
    {"net", Type::address, "", reload,
     "Source address or interface of outgoing connections; empty: the system chooses; "
     "0.255.255.255: not connected, mail waits.",
     "Adresse source ou interface des connexions sortantes ; vide : choix du système ; "
     "0.255.255.255 : non connecté, le courriel attend.",
     "送信接続の送信元アドレスまたはインタフェース。空の場合はシステムが選択。0.255.255.255 "
     "は未接続で、メールは待機。",
     "", false, net_terminal},
    {"dns_servers", Type::address_list, "", restart,
     "DNS servers, as in 127.0.0.1:53,[::1]:53; empty: those of resolv.conf.",
     "Serveurs DNS, par exemple 127.0.0.1:53,[::1]:53 ; vide : ceux de resolv.conf.",
     "DNS サーバ (例: 127.0.0.1:53,[::1]:53)。空の場合は resolv.conf のもの。", "", false,
     parsed<&S::dns_servers, parse_dns_servers>},
    {"mx_port", Type::port, "25", reload, "Port of next hops that are written without one.",
     "Port des sauts suivants écrits sans port.", "ポートを省略した次のホップのポート。", "", false,
     parsed<&S::mx_port, parse_port>},
    {"allow_loopback_mx", Type::yes_no, "no", reload,
     "Delivers to MX hosts that resolve to this machine's loopback addresses (for tests).",
     "Distribue aux MX dont l'adresse est locale (loopback) (pour les essais).",
     "ループバックアドレスに解決される MX へ配送する (テスト用)。", "", false,
     parsed<&S::allow_loopback_mx, parse_yes_no>},
    {"proxy_addresses", Type::address_list, "", reload,
     "Addresses under which others reach this relay through NAT or a proxy: they count as its own.",
     "Adresses par lesquelles ce relais est atteint à travers un NAT ou un proxy : elles comptent "
     "comme siennes.",
     "NAT やプロキシ経由でこのリレーに届くアドレス。自分のアドレスとみなす。", "", false,
     parsed<&S::proxy_addresses, parse_address_list>},

    // --- Mail ------------------------------------------------------------------------------------
    {"mode", Type::choice, "relay", restart,
     "What this system does with mail; none: not configured, it does not start.",
     "Rôle de ce système ; none : pas de configuration, il ne démarre pas.",
     "このシステムの役割。none は未設定で、起動しない。",
     "relay|internet_site|smarthost|satellite|local_only|none", false,
     parsed<&S::mode, parse_mode>},
    {"mail_name", Type::domain, "", reload,
     "Domain that completes unqualified addresses of trusted clients; empty: hostname.",
     "Domaine qui complète les adresses sans domaine des clients de confiance ; vide : hostname.",
     "信頼済みクライアントの不完全なアドレスを補うドメイン。空の場合は hostname。", "", false,
     parsed<&S::mail_name, parse_domain, true>},
    {"destinations", Type::domain_list, "", reload,
     "Domains whose mail is delivered on this system.",
     "Domaines dont le courriel est distribué sur ce système.",
     "このシステムでローカル配送するドメイン。", "", false,
     parsed<&S::destinations, parse_patterns>},
    {"cc_mta", Type::domain, "", reload,
     "Domain that gets a copy of every message; does not work together with smart_relay.",
     "Domaine qui reçoit une copie de chaque message ; sans effet si smart_relay est défini.",
     "すべてのメッセージの写しを送るドメイン。smart_relay とは併用不可。", "", false,
     parsed<&S::cc_mta, parse_domain, true>},
    {"smart_relay_auth_file", Type::file, "", reload,
     "File on the key volume with user and password for smart_relay.",
     "Fichier du volume de clés contenant l'utilisateur et le mot de passe pour smart_relay.",
     "smart_relay 用のユーザ名とパスワードを収めたキー ボリューム上のファイル。", "", false,
     inside<&S::smart_relay_auth_file>},
    {"message_size_limit", Type::size, "50MB", reload, "Largest message that is taken.",
     "Taille maximale d'un message accepté.", "受け付けるメッセージの最大サイズ。", "", false,
     parsed<&S::message_size_limit, parse_size>},
    {"bare_newline", Type::choice, "repair", reload,
     "What happens to lines that end without CR: refuse the message, or repair the line end.",
     "Lignes terminées sans CR : refuse rejette le message, repair corrige la fin de ligne.",
     "CR のない行末の扱い。refuse は拒否、repair は行末を修正。", "refuse|repair", false,
     parsed<&S::bare_newline, parse_bare_newline>},

    // --- Queue -----------------------------------------------------------------------------------
    {"deliveries_suspended", Type::yes_no, "no", reload,
     "Accepts and queues mail, delivers nothing.",
     "Accepte le courriel et le met en file, sans rien distribuer.",
     "メールを受け付けてキューに入れ、配送はしない。", "", false,
     parsed<&S::deliveries_suspended, parse_yes_no>},
    {"retry_first", Type::duration, "5m", restart,
     "Time to the second attempt; it doubles from there.",
     "Délai avant la deuxième tentative ; il double ensuite.",
     "2 回目の試行までの時間。以後は倍になる。", "", false,
     parsed<&S::retry_first, parse_duration>},
    {"retry_max", Type::duration, "1h", restart, "Longest time between two attempts.",
     "Délai maximal entre deux tentatives.", "試行間隔の最大値。", "", false,
     parsed<&S::retry_max, parse_duration>},
    {"queue_lifetime", Type::duration, "5d", restart,
     "How long mail is tried before its sender gets it back.",
     "Durée de conservation en file avant le retour à l'expéditeur.",
     "送信者に返すまでのキュー保持期間。", "", false, parsed<&S::queue_lifetime, parse_duration>},
    {"delay_warning_after", Type::duration, "4h", restart,
     "When the sender is told that mail is late; empty: never.",
     "Quand l'expéditeur est averti d'un retard ; vide : jamais.",
     "遅延を送信者に知らせるまでの時間。空の場合は知らせない。", "", false,
     parsed<&S::delay_warning_after, parse_duration, true>},
    {"bounce_returns", Type::choice, "headers", restart,
     "What a sender gets back of undelivered mail: its header, or small messages whole.",
     "Ce qui revient à l'expéditeur : l'en-tête, ou le message entier s'il est petit.",
     "未配送メールの返送内容。headers はヘッダのみ、message は小さければ全文。", "headers|message",
     false, parsed<&S::bounce_returns, parse_bounce_returns>},
    {"queue_memory_limit", Type::size, "64MB", restart,
     "Memory for the index of the queue; past it new mail gets 452.",
     "Mémoire pour l'index de la file ; au-delà, le nouveau courriel reçoit 452.",
     "キューの索引に使うメモリ。超えると新しいメールに 452 を返す。", "", false,
     parsed<&S::queue_memory_limit, parse_queue_memory>},

    // --- Volumes and system ----------------------------------------------------------------------
    {"volume_data", Type::directory, "/var/lib/malleposte", restart, "Directory of the queue.",
     "Répertoire de la file d'attente.", "メールキューのディレクトリ。", "", false,
     directory<&S::volume_data, false>},
    {"segment_size", Type::size, "", restart,
     "Size of the queue's files; empty: chosen by the size of the volume.",
     "Taille des fichiers de la file ; vide : selon la taille du volume.",
     "キューのファイルのサイズ。空の場合はボリュームの大きさから決まる。", "", false,
     parsed<&S::segment_size, parse_segment_size, true>},
    {"volume_key", Type::directory, "", restart,
     "Directory of the SSL keys, read only; not together with fs.",
     "Répertoire des clés SSL, en lecture seule ; pas avec fs.",
     "SSL キーのディレクトリ (読み取り専用)。fs との併用は不可。", "", false,
     directory<&S::volume_key, true>},
    {"fs", Type::text, "", restart,
     "The SSL keys on NFS: nfs://host/export or a mounted directory; empty: not connected.",
     "Les clés SSL sur NFS : nfs://hôte/export ou répertoire monté ; vide : non connecté.",
     "NFS 上の SSL キー。nfs://ホスト/export またはマウント済みディレクトリ。空の場合は未接続。",
     "", false, fs_terminal},
    {"run_as", Type::text, "", restart,
     "User to become once the ports are bound; empty: stays the user that started it.",
     "Utilisateur adopté après l'ouverture des ports ; vide : reste celui du démarrage.",
     "ポートを開いた後に切り替えるユーザ。空の場合は起動したユーザのまま。", "", false,
     plain<&S::run_as>},
    {"timezone", Type::text, "", restart, "Time zone, as in Europe/Paris; empty: left as it is.",
     "Fuseau horaire, par exemple Europe/Paris ; vide : inchangé.",
     "タイムゾーン (例: Asia/Tokyo)。空の場合は変更しない。", "", false, timezone_name},

    // --- TLS -------------------------------------------------------------------------------------
    {"ssl_disabled", Type::yes_no, "yes", restart,
     "no: STARTTLS, SMTP over TLS and HTTPS are offered.",
     "no : STARTTLS, SMTP sur TLS et HTTPS sont proposés.",
     "no の場合、STARTTLS、SMTP over TLS、HTTPS を提供する。", "", false,
     parsed<&S::ssl_disabled, parse_yes_no>},
    {"ssl_key_file", Type::file, "", restart, "Private key (PEM), relative to the key volume.",
     "Clé privée (PEM), relative au volume de clés.", "キー ボリューム上の秘密鍵 (PEM)。", "",
     false, inside<&S::ssl_key_file>},
    {"ssl_cert_file", Type::file, "", restart, "Certificate (PEM), relative to the key volume.",
     "Certificat (PEM), relatif au volume de clés.", "キー ボリューム上の証明書 (PEM)。", "", false,
     inside<&S::ssl_cert_file>},

    // --- Logs and monitoring ---------------------------------------------------------------------
    {"logs_enabled", Type::yes_no, "no", restart, "Stores the logs on `log`.",
     "Enregistre les journaux sur `log`.", "ログを `log` に保存する。", "", false,
     parsed<&S::logs_enabled, parse_yes_no>},
    {"log", Type::text, "", restart,
     "Share for the logs: smb://host/share[/dir] or a mounted directory; empty: not connected.",
     "Partage des journaux : smb://hôte/partage[/rép] ou répertoire monté ; vide : non connecté.",
     "ログの共有。smb://ホスト/共有[/ディレクトリ] "
     "またはマウント済みディレクトリ。空の場合は未接続。",
     "", false, log_terminal},
    {"maillog_filename", Type::file, "", restart,
     "File of the mail log, relative to `log`; empty: none.",
     "Fichier du journal de messagerie, relatif à `log` ; vide : aucun.",
     "`log` 上のメールログのファイル名。空の場合はなし。", "", false, inside<&S::maillog_filename>},
    {"mon", Type::text, "", restart,
     "Where counters are pushed (OTLP/HTTP), as in http://host:4318; empty: not connected.",
     "Destination des compteurs (OTLP/HTTP), par exemple http://hôte:4318 ; vide : non connecté.",
     "カウンタの送信先 (OTLP/HTTP、例: http://ホスト:4318)。空の場合は未接続。", "", false,
     mon_terminal},
});

}  // namespace

std::span<const Property> properties() {
  return rows;
}

bool not_served_yet(std::string_view name) {
  return std::find(not_served.begin(), not_served.end(), name) != not_served.end();
}

}  // namespace malleposte::config
