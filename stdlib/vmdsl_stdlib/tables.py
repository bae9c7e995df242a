"""Tables of Debian 13: time zones, locales and keyboard layouts.

They are here so that a recipe means the same on all machines. The zones are those of tzdata 2026f,
the locales those of locales 2.41, the keyboards those of xkb-data 2.42, each with those of Debian
12 besides.
"""

from __future__ import annotations

_ZONES = {
    "": """
        Factory GMT UTC
    """,
    "Africa": """
        Abidjan Accra Addis_Ababa Algiers Asmara Bamako Bangui Banjul Bissau Blantyre
        Brazzaville Bujumbura Cairo Casablanca Ceuta Conakry Dakar Dar_es_Salaam Djibouti Douala
        El_Aaiun Freetown Gaborone Harare Johannesburg Juba Kampala Khartoum Kigali Kinshasa
        Lagos Libreville Lome Luanda Lubumbashi Lusaka Malabo Maputo Maseru Mbabane Mogadishu
        Monrovia Nairobi Ndjamena Niamey Nouakchott Ouagadougou Porto-Novo Sao_Tome Timbuktu
        Tripoli Tunis Windhoek
    """,
    "America": """
        Adak Anchorage Anguilla Antigua Araguaina Argentina/Buenos_Aires Argentina/Catamarca
        Argentina/Cordoba Argentina/Jujuy Argentina/La_Rioja Argentina/Mendoza
        Argentina/Rio_Gallegos Argentina/Salta Argentina/San_Juan Argentina/San_Luis
        Argentina/Tucuman Argentina/Ushuaia Aruba Asuncion Atikokan Atka Bahia Bahia_Banderas
        Barbados Belem Belize Blanc-Sablon Boa_Vista Bogota Boise Cambridge_Bay Campo_Grande
        Cancun Caracas Cayenne Cayman Chicago Chihuahua Ciudad_Juarez Coral_Harbour Costa_Rica
        Coyhaique Creston Cuiaba Curacao Danmarkshavn Dawson Dawson_Creek Denver Detroit
        Dominica Edmonton Eirunepe El_Salvador Ensenada Fort_Nelson Fortaleza Glace_Bay
        Goose_Bay Grand_Turk Grenada Guadeloupe Guatemala Guayaquil Guyana Halifax Havana
        Hermosillo Indiana/Indianapolis Indiana/Knox Indiana/Marengo Indiana/Petersburg
        Indiana/Tell_City Indiana/Vevay Indiana/Vincennes Indiana/Winamac Inuvik Iqaluit Jamaica
        Juneau Kentucky/Louisville Kentucky/Monticello Kralendijk La_Paz Lima Los_Angeles
        Lower_Princes Maceio Managua Manaus Marigot Martinique Matamoros Mazatlan Menominee
        Merida Metlakatla Mexico_City Miquelon Moncton Monterrey Montevideo Montreal Montserrat
        Nassau New_York Nipigon Nome Noronha North_Dakota/Beulah North_Dakota/Center
        North_Dakota/New_Salem Nuuk Ojinaga Panama Pangnirtung Paramaribo Phoenix Port-au-Prince
        Port_of_Spain Porto_Acre Porto_Velho Puerto_Rico Punta_Arenas Rainy_River Rankin_Inlet
        Recife Regina Resolute Rio_Branco Santa_Isabel Santarem Santiago Santo_Domingo Sao_Paulo
        Scoresbysund Shiprock Sitka St_Barthelemy St_Johns St_Kitts St_Lucia St_Thomas
        St_Vincent Swift_Current Tegucigalpa Thule Thunder_Bay Tijuana Toronto Tortola Vancouver
        Virgin Whitehorse Winnipeg Yakutat Yellowknife
    """,
    "Antarctica": """
        Casey Davis DumontDUrville Macquarie Mawson McMurdo Palmer Rothera Syowa Troll Vostok
    """,
    "Arctic": """
        Longyearbyen
    """,
    "Asia": """
        Aden Almaty Amman Anadyr Aqtau Aqtobe Ashgabat Atyrau Baghdad Bahrain Baku Bangkok
        Barnaul Beirut Bishkek Brunei Chita Chongqing Colombo Damascus Dhaka Dili Dubai Dushanbe
        Famagusta Gaza Harbin Hebron Ho_Chi_Minh Hong_Kong Hovd Irkutsk Istanbul Jakarta
        Jayapura Jerusalem Kabul Kamchatka Karachi Kashgar Kathmandu Khandyga Kolkata
        Krasnoyarsk Kuala_Lumpur Kuching Kuwait Macau Magadan Makassar Manila Muscat Nicosia
        Novokuznetsk Novosibirsk Omsk Oral Phnom_Penh Pontianak Pyongyang Qatar Qostanay
        Qyzylorda Riyadh Sakhalin Samarkand Seoul Shanghai Singapore Srednekolymsk Taipei
        Tashkent Tbilisi Tehran Tel_Aviv Thimphu Tokyo Tomsk Ulaanbaatar Urumqi Ust-Nera
        Vientiane Vladivostok Yakutsk Yangon Yekaterinburg Yerevan
    """,
    "Atlantic": """
        Azores Bermuda Canary Cape_Verde Faroe Jan_Mayen Madeira Reykjavik South_Georgia
        St_Helena Stanley
    """,
    "Australia": """
        Adelaide Brisbane Broken_Hill Canberra Currie Darwin Eucla Hobart Lindeman Lord_Howe
        Melbourne Perth Sydney Yancowinna
    """,
    "Etc": """
        GMT GMT+0 GMT+1 GMT+10 GMT+11 GMT+12 GMT+2 GMT+3 GMT+4 GMT+5 GMT+6 GMT+7 GMT+8 GMT+9
        GMT-0 GMT-1 GMT-10 GMT-11 GMT-12 GMT-13 GMT-14 GMT-2 GMT-3 GMT-4 GMT-5 GMT-6 GMT-7 GMT-8
        GMT-9 GMT0 Greenwich UCT UTC Universal Zulu
    """,
    "Europe": """
        Amsterdam Andorra Astrakhan Athens Belfast Belgrade Berlin Bratislava Brussels Bucharest
        Budapest Busingen Chisinau Copenhagen Dublin Gibraltar Guernsey Helsinki Isle_of_Man
        Istanbul Jersey Kaliningrad Kirov Kyiv Lisbon Ljubljana London Luxembourg Madrid Malta
        Mariehamn Minsk Monaco Moscow Nicosia Oslo Paris Podgorica Prague Riga Rome Samara
        San_Marino Sarajevo Saratov Simferopol Skopje Sofia Stockholm Tallinn Tirane Tiraspol
        Ulyanovsk Vaduz Vatican Vienna Vilnius Volgograd Warsaw Zagreb Zurich
    """,
    "Indian": """
        Antananarivo Chagos Christmas Cocos Comoro Kerguelen Mahe Maldives Mauritius Mayotte
        Reunion
    """,
    "Pacific": """
        Apia Auckland Bougainville Chatham Chuuk Easter Efate Fakaofo Fiji Funafuti Galapagos
        Gambier Guadalcanal Guam Honolulu Johnston Kanton Kiritimati Kosrae Kwajalein Majuro
        Marquesas Midway Nauru Niue Norfolk Noumea Pago_Pago Palau Pitcairn Pohnpei Port_Moresby
        Rarotonga Saipan Samoa Tahiti Tarawa Tongatapu Wake Wallis Yap
    """,
}
#: Names that Debian 13 has in its package tzdata-legacy alone, with the new ones.
_OLD_ZONES = """\
Africa/Asmera=Africa/Nairobi America/Argentina/ComodRivadavia=America/Argentina/Catamarca
America/Buenos_Aires=America/Argentina/Buenos_Aires
America/Catamarca=America/Argentina/Catamarca America/Cordoba=America/Argentina/Cordoba
America/Fort_Wayne=America/Indiana/Indianapolis America/Godthab=America/Nuuk
America/Indianapolis=America/Indiana/Indianapolis America/Jujuy=America/Argentina/Jujuy
America/Knox_IN=America/Indiana/Knox America/Louisville=America/Kentucky/Louisville
America/Mendoza=America/Argentina/Mendoza America/Rosario=America/Argentina/Cordoba
Antarctica/South_Pole=Pacific/Auckland Asia/Ashkhabad=Asia/Ashgabat Asia/Calcutta=Asia/Kolkata
Asia/Choibalsan=Asia/Ulaanbaatar Asia/Chungking=Asia/Shanghai Asia/Dacca=Asia/Dhaka
Asia/Katmandu=Asia/Kathmandu Asia/Macao=Asia/Macau Asia/Rangoon=Asia/Yangon
Asia/Saigon=Asia/Ho_Chi_Minh Asia/Thimbu=Asia/Thimphu Asia/Ujung_Pandang=Asia/Makassar
Asia/Ulan_Bator=Asia/Ulaanbaatar Atlantic/Faeroe=Atlantic/Faroe Australia/ACT=Australia/Sydney
Australia/LHI=Australia/Lord_Howe Australia/NSW=Australia/Sydney
Australia/North=Australia/Darwin Australia/Queensland=Australia/Brisbane
Australia/South=Australia/Adelaide Australia/Tasmania=Australia/Hobart
Australia/Victoria=Australia/Melbourne Australia/West=Australia/Perth
Brazil/Acre=America/Rio_Branco Brazil/DeNoronha=America/Noronha Brazil/East=America/Sao_Paulo
Brazil/West=America/Manaus CET=Europe/Brussels CST6CDT=America/Chicago
Canada/Atlantic=America/Halifax Canada/Central=America/Winnipeg Canada/Eastern=America/Toronto
Canada/Mountain=America/Edmonton Canada/Newfoundland=America/St_Johns
Canada/Pacific=America/Vancouver Canada/Saskatchewan=America/Regina
Canada/Yukon=America/Whitehorse Chile/Continental=America/Santiago
Chile/EasterIsland=Pacific/Easter Cuba=America/Havana EET=Europe/Athens EST=America/Panama
EST5EDT=America/New_York Egypt=Africa/Cairo Eire=Europe/Dublin Europe/Kiev=Europe/Kyiv
Europe/Uzhgorod=Europe/Kyiv Europe/Zaporozhye=Europe/Kyiv GB=Europe/London GB-Eire=Europe/London
GMT+0=Etc/GMT GMT-0=Etc/GMT GMT0=Etc/GMT Greenwich=Etc/GMT HST=Pacific/Honolulu
Hongkong=Asia/Hong_Kong Iceland=Africa/Abidjan Iran=Asia/Tehran Israel=Asia/Jerusalem
Jamaica=America/Jamaica Japan=Asia/Tokyo Kwajalein=Pacific/Kwajalein Libya=Africa/Tripoli
MET=Europe/Brussels MST=America/Phoenix MST7MDT=America/Denver Mexico/BajaNorte=America/Tijuana
Mexico/BajaSur=America/Mazatlan Mexico/General=America/Mexico_City NZ=Pacific/Auckland
NZ-CHAT=Pacific/Chatham Navajo=America/Denver PRC=Asia/Shanghai PST8PDT=America/Los_Angeles
Pacific/Enderbury=Pacific/Kanton Pacific/Ponape=Pacific/Guadalcanal
Pacific/Truk=Pacific/Port_Moresby Poland=Europe/Warsaw Portugal=Europe/Lisbon ROC=Asia/Taipei
ROK=Asia/Seoul Singapore=Asia/Singapore Turkey=Europe/Istanbul UCT=Etc/UTC
US/Alaska=America/Anchorage US/Aleutian=America/Adak US/Arizona=America/Phoenix
US/Central=America/Chicago US/East-Indiana=America/Indiana/Indianapolis
US/Eastern=America/New_York US/Hawaii=Pacific/Honolulu US/Indiana-Starke=America/Indiana/Knox
US/Michigan=America/Detroit US/Mountain=America/Denver US/Pacific=America/Los_Angeles
US/Samoa=Pacific/Pago_Pago Universal=Etc/UTC W-SU=Europe/Moscow WET=Europe/Lisbon Zulu=Etc/UTC
"""
#: Locales with the encoding UTF-8, without its name.
_LOCALES = """\
aa_DJ aa_ER aa_ER@saaho aa_ET af_ZA agr_PE ak_GH am_ET an_ES anp_IN ar_AE ar_BH ar_DZ ar_EG
ar_IN ar_IQ ar_JO ar_KW ar_LB ar_LY ar_MA ar_OM ar_QA ar_SA ar_SD ar_SS ar_SY ar_TN ar_YE as_IN
ast_ES ayc_PE az_AZ az_IR be_BY be_BY@latin bem_ZM ber_DZ ber_MA bg_BG bhb_IN bho_IN bho_NP
bi_VU bn_BD bn_IN bo_CN bo_IN br_FR brx_IN bs_BA byn_ER ca_AD ca_ES ca_ES@valencia ca_FR ca_IT
ce_RU chr_US ckb_IQ cmn_TW crh_RU crh_UA cs_CZ csb_PL cv_RU cy_GB da_DK de_AT de_BE de_CH de_DE
de_IT de_LI de_LU doi_IN dsb_DE dv_MV dz_BT el_CY el_GR en_AG en_AU en_BW en_CA en_DK en_GB
en_HK en_IE en_IL en_IN en_NG en_NZ en_PH en_SC en_SG en_US en_ZA en_ZM en_ZW eo es_AR es_BO
es_CL es_CO es_CR es_CU es_DO es_EC es_ES es_GT es_HN es_MX es_NI es_PA es_PE es_PR es_PY es_SV
es_US es_UY es_VE et_EE eu_ES eu_FR fa_IR ff_SN fi_FI fil_PH fo_FO fr_BE fr_CA fr_CH fr_FR fr_LU
fur_IT fy_DE fy_NL ga_IE gbm_IN gd_GB gez_ER gez_ER@abegede gez_ET gez_ET@abegede gl_ES gu_IN
gv_GB ha_NG hak_TW he_IL hi_IN hif_FJ hne_IN hr_HR hsb_DE ht_HT hu_HU hy_AM ia_FR id_ID ig_NG
ik_CA is_IS it_CH it_IT iu_CA ja_JP ka_GE kab_DZ kk_KZ kl_GL km_KH kn_IN ko_KR kok_IN ks_IN
ks_IN@devanagari ku_TR kv_RU kw_GB ky_KG lb_LU lg_UG li_BE li_NL lij_IT ln_CD lo_LA lt_LT ltg_LV
lv_LV lzh_TW mag_IN mai_IN mai_NP mdf_RU mfe_MU mg_MG mhr_RU mi_NZ miq_NI mjw_IN mk_MK ml_IN
mn_MN mni_IN mnw_MM mr_IN ms_MY mt_MT my_MM nan_TW nan_TW@latin nb_NO nds_DE nds_NL ne_NP nhn_MX
niu_NU niu_NZ nl_AW nl_BE nl_NL nn_NO nr_ZA nso_ZA oc_FR om_ET om_KE or_IN os_RU pa_IN pa_PK
pap_AW pap_CW pl_PL ps_AF pt_BR pt_PT quz_PE raj_IN rif_MA ro_RO ru_RU ru_UA rw_RW sa_IN sah_RU
sat_IN sc_IT scn_IT sd_IN sd_IN@devanagari se_NO sgs_LT shn_MM shs_CA si_LK sid_ET sk_SK sl_SI
sm_WS so_DJ so_ET so_KE so_SO sq_AL sq_MK sr_ME sr_RS sr_RS@latin ss_ZA ssy_ER st_ZA su_ID sv_FI
sv_SE sw_KE sw_TZ syr szl_PL ta_IN ta_LK tcy_IN te_IN tg_TJ th_TH the_NP ti_ER ti_ET tig_ER
tk_TM tl_PH tn_ZA to_TO tok tpi_PG tr_CY tr_TR ts_ZA tt_RU tt_RU@iqtelif ug_CN uk_UA unm_US
ur_IN ur_PK uz_UZ uz_UZ@cyrillic ve_ZA vi_VN wa_BE wae_CH wal_ET wo_SN xh_ZA yi_US yo_NG yue_HK
yuw_PG zgh_MA zh_CN zh_HK zh_SG zh_TW zu_ZA
"""
#: Keyboard layouts with their names, in which _ is a space.
_LAYOUTS = """\
af=Dari al=Albanian am=Armenian ara=Arabic at=German_(Austria) au=English_(Australia)
az=Azerbaijani ba=Bosnian bd=Bangla be=Belgian bg=Bulgarian br=Portuguese_(Brazil) brai=Braille
bt=Dzongkha bw=Tswana by=Belarusian ca=French_(Canada)
cd=French_(Democratic_Republic_of_the_Congo) ch=German_(Switzerland) cm=English_(Cameroon)
cn=Chinese custom=A_user-defined_custom_Layout cz=Czech de=German dk=Danish
dz=Berber_(Algeria,_Latin) ee=Estonian eg=Arabic_(Egypt) epo=Esperanto es=Spanish et=Amharic
fi=Finnish fo=Faroese fr=French gb=English_(UK) ge=Georgian gh=English_(Ghana) gn=N'Ko_(AZERTY)
gr=Greek hr=Croatian hu=Hungarian id=Indonesian_(Latin) ie=Irish il=Hebrew in=Indian
iq=Arabic_(Iraq) ir=Persian is=Icelandic it=Italian jp=Japanese jv=Indonesian_(Javanese)
ke=Swahili_(Kenya) kg=Kyrgyz kh=Khmer_(Cambodia) kr=Korean kz=Kazakh la=Lao
latam=Spanish_(Latin_American) lk=Sinhala_(phonetic) lt=Lithuanian lv=Latvian
ma=Arabic_(Morocco) mao=Maori md=Moldavian me=Montenegrin mk=Macedonian ml=Bambara mm=Burmese
mn=Mongolian mt=Maltese mv=Dhivehi my=Malay_(Jawi,_Arabic_Keyboard) ng=English_(Nigeria)
nl=Dutch no=Norwegian np=Nepali nz=English_(New_Zealand) ph=Filipino pk=Urdu_(Pakistan)
pl=Polish pt=Portuguese ro=Romanian rs=Serbian ru=Russian se=Swedish si=Slovenian sk=Slovak
sn=Wolof sy=Arabic_(Syria) tg=French_(Togo) th=Thai tj=Tajik tm=Turkmen tr=Turkish tw=Taiwanese
tz=Swahili_(Tanzania) ua=Ukrainian us=English_(US) uz=Uzbek vn=Vietnamese
za=English_(South_Africa)
"""
#: The variants of each layout; a line that is indented belongs to the one above.
_VARIANTS = """\
af: basic fa-olpc ps ps-olpc uz uz-olpc
al: basic plisi veqilharxhi
am: basic eastern eastern-alt olpc olpc-phonetic phonetic phonetic-alt western
ara: azerty azerty_digits basic basic_ext basic_ext_digits basic_ext_digits_KP buckwalter digits
  digits_KP ergoarabic mac mac-phonetic olpc qwerty qwerty_digits sun_type6 uga
at: basic mac nodeadkeys
au: basic
az: cyrillic latin
ba: alternatequotes basic unicode unicodeus us
bd: basic probhat
be: basic iso-alternate nodeadkeys oss oss_frbe oss_latin9 sun_type6 wang
bg: bas_phonetic bds bekl latin phonetic
br: abnt2 dvorak nativo nativo-epo nativo-us nodeadkeys olpc rus sun_type6 thinkpad
brai: home_row keypad keypad_left left_hand left_hand_invert right_hand right_hand_invert
bt: basic
bw: tswana
by: basic intl latin legacy phonetic ru
ca: eng fr fr-dvorak fr-legacy ike kut multi multi-2gr multix olpc shs sun_type6
cd: basic
ch: basic de de_mac de_nodeadkeys fr fr_mac fr_nodeadkeys legacy sun_type6_de sun_type6_fr
cm: azerty basic dvorak exclamation_switch french mmuock qwerty semicolon_switch
  semicolon_switch_dvorak solidus_switch
cn: altgr-pinyin basic mon_manchu_galik mon_todo_galik mon_trad mon_trad_galik mon_trad_manchu
  mon_trad_todo mon_trad_xibe tib tib_asciinum ug
cz: basic bksl coder colemak-ucw dvorak-ucw prog prog_typo qwerty qwerty-mac qwerty_bksl rus
  sun_type6 typo ucw winkeys winkeys-qwerty
de: T3 adnw adnw_base basic bone bone_base bone_eszett_home bone_eszett_home_base deadacute
  deadgraveacute deadtilde dsb dsb_qwertz dvorak e1 e2 hu koy koy_base lld mac mac_nodeadkeys
  neo neo_base neo_qwerty neo_qwerty_base neo_qwertz neo_qwertz_base nodeadkeys pl qwerty ro
  ro_nodeadkeys ru ru-recom ru-translit sun_type6 tr us
dk: basic dvorak mac mac_nodeadkeys nodeadkeys sun_type6 winkeys
dz: ar azerty-deadkeys azerty-oss ber la qwerty-gb-deadkeys qwerty-us-deadkeys
ee: basic dvorak nodeadkeys sun_type6 us
eg: basic cop
epo: basic colemak dvorak legacy qwerty
es: ast basic cat deadtilde dvorak mac nodeadkeys olpc olpc2 olpcm sun_type6 winkeys
et: basic olpc
fi: classic das fi fidvorak kotoistus mac nodeadkeys smi sun_type6 winkeys
fo: basic nodeadkeys
fr: afnor azerty basic bepo bepo_afnor bepo_latin9 bre dvorak ergol ergol_iso geo latin9
  latin9_nodeadkeys mac nodeadkeys oci olpc oss oss_latin9 oss_nodeadkeys sun_type6 us us-alt
  us-azerty
gb: basic colemak colemak_dh dvorak dvorakukp extd gla intl mac mac_intl pl sun_type6
ge: basic ergonomic mess os qwerty ru
gh: akan avn basic ewe fula ga generic gillbt hausa
gn: basic
gr: bare basic colemak extended nodeadkeys polytonic simple sun_type6
hr: alternatequotes basic unicode unicodeus us
hu: 101_qwerty_comma_dead 101_qwerty_comma_nodead 101_qwerty_dot_dead 101_qwerty_dot_nodead
  101_qwertz_comma_dead 101_qwertz_comma_nodead 101_qwertz_dot_dead 101_qwertz_dot_nodead
  102_qwerty_comma_dead 102_qwerty_comma_nodead 102_qwerty_dot_dead 102_qwerty_dot_nodead
  102_qwertz_comma_dead 102_qwertz_comma_nodead 102_qwertz_dot_dead 102_qwertz_dot_nodead SK_Sh
  SK_Sz basic def_101 def_102 def_common def_dead def_dot def_nodead def_qwerty def_qwertz
  nodeadkeys ohu_sk_fullcaps_req ohu_sk_nocaps_req ohu_sk_semicaps_req oldhun oldhun_base
  oldhun_lig oldhun_magic_numpad oldhun_origin oldhun_sk_sh oldhun_sk_sz oldhunlig qwerty
  standard us
id: basic javanese melayu-phonetic melayu-phoneticx pegon-phonetic phonetic phoneticx
ie: CloGaelach UnicodeExpert basic ogam ogam_is434
il: basic biblical biblicalSIL lyx phonetic si2
in: asm-kagapa ben ben-kagapa ben_baishakhi ben_bornona ben_gitanjali ben_inscript ben_probhat
  bolnagri deva eeyek eng guj guj-kagapa guru hin-kagapa hin-wx iipa jhelum kan kan-kagapa mal
  mal_enhanced mal_lalitha mal_poorna mar-kagapa marathi mni modi-kagapa olck olpc ori
  ori-bolnagri ori-wx san-kagapa san-misc sat tam tam_tamilnet tam_tamilnet_TAB
  tam_tamilnet_TSCII tam_tamilnet_with_tam_nums tam_tamilnumbers tamilnet tamilnet_TAB
  tamilnet_TSCII tamilnet_tamilnumbers tel tel-kagapa tel-sarala urd-navees urd-phonetic
  urd-phonetic3 urd-winkeys
iq: basic ku ku_alt ku_ara ku_f
ir: ave azb ku ku_alt ku_ara ku_f pes pes_keypad pes_part_basic pes_part_ext pes_part_keypad
  winkeys
is: basic dvorak mac mac_legacy
it: basic dvorak fur geo ibm intl lld lldde mac nodeadkeys olpc scn sun_type6 us winkeys
jp: 106 OADG109A common dvorak henkan hztg_escape kana kana86 mac nicola_f_bs sun_type6
  sun_type6_suncompat sun_type7 sun_type7_suncompat suncompat
jv: Javanese
ke: kik swa
kg: basic phonetic
kh: basic olpc
kr: hw_keys kr104 kr106 ralt_hangul ralt_hanja rctrl_hangul rctrl_hanja sun_type6
kz: basic ext kazrus latin olpc ruskaz
la: basic stea
latam: basic colemak colemak-gaming deadtilde dvorak nodeadkeys
lk: sin_phonetic tam_TAB tam_unicode us
lt: basic ibm lekp lekpa ratise sgs std sun_type6 us us_dvorak
lv: adapted apostrophe apostrophe-deadquotes apostrophecolemak basic colemak dvorak dvorakprogr
  ergonomic fkey minuskeydvorak minuskeydvorakprogr modern modern-cyr sun_type6 tilde ykeydvorak
  ykeydvorakprogr
ma: arabic french rif tifinagh tifinagh-alt tifinagh-alt-phonetic tifinagh-extended
  tifinagh-extended-phonetic tifinagh-phonetic
mao: basic
md: basic gag
me: basic cyrillic cyrillicalternatequotes cyrillicyz latinalternatequotes latinunicode
  latinunicodeyz latinyz
mk: basic nodeadkeys
ml: basic fr-oss us-intl us-mac
mm: basic mnw mnw-a1 shn tilde_latch tilde_switch zawgyi zgt
mn: basic olpc
mt: alt-gb alt-us basic us
mv: basic
my: basic phonetic
ng: basic hausa igbo olpc yoruba
nl: basic mac std sun_type6 us
no: basic colemak colemak_dh colemak_dh_wide dvorak mac mac_nodeadkeys nodeadkeys smi
  smi_nodeadkeys sun_type6 winkeys
np: basic olpc
nz: basic mao
ph: basic capewell-dvorak capewell-dvorak-bay capewell-qwerf2k6 capewell-qwerf2k6-bay colemak
  colemak-bay dvorak dvorak-bay qwerty-bay
pk: ara olpc snd urd-crulp urd-navees urd-nla urd-phonetic
pl: basic colemak colemak_dh colemak_dh_ansi csb dvorak dvorak_altquotes dvorak_quotes dvp
  glagolica intl lefty legacy qwertz ru_phonetic_dvorak sun_type6 szl
pt: basic colemak mac mac_nodeadkeys nativo nativo-epo nativo-us nodeadkeys sun_type6
ro: basic crh_dobruja ergonomic std sun_type6 winkeys
rs: alternatequotes basic combiningkeys common cyralpha cyrlevel3 latalpha latin
  latinalternatequotes latinunicode latinunicodeyz latinyz latlevel3 rue twoletter yz
ru: ab bak chm chu common cv cv_latin dos gost-14289-88 gost-6431-75-48 kom legacy mac olpc
  os_legacy os_winkeys phonetic phonetic_YAZHERTY phonetic_azerty phonetic_dvorak phonetic_fr
  phonetic_mac phonetic_winkeys prxn rtu ruchey_en ruchey_ru rulemak ruu sah srp sun_type6 tt
  typewriter typewriter-legacy typo udm unipunct winkeys winkeys-p xal
se: basic dvorak dvorak_a5 mac nodeadkeys ovd rus rus_nodeadkeys se smi sun_type6 svdvorak swl
  us us_dvorak
si: alternatequotes basic us
sk: acc basic bksl qwerty qwerty_bksl sun_type6
sn: basic
sy: basic ku ku_alt ku_f syc syc_phonetic
tg: basic
th: basic olpc pat tis
tj: basic legacy
tm: alt basic
tr: alt basic e f intl ku ku_alt ku_f olpc ot otf otk otkf sun_type6 us
tw: indigenous saisiyat sun_type6 tw
tz: swa
ua: crh crh_alt crh_f homophonic legacy macOS phonetic rstu rstu_ru sun_type6 typewriter unicode
  winkeys
us: 3l 3l-cros 3l-emacs alt-intl alt-intl-unicode altgr-intl altgr-weur ats basic carpalx
  carpalx-altgr-intl carpalx-full carpalx-full-altgr-intl carpalx-full-intl carpalx-intl chr
  classmate classmate-alt-intl classmate-altgr-intl classmate-intl colemak colemak_dh
  colemak_dh_iso colemak_dh_ortho colemak_dh_wide colemak_dh_wide_iso crd cz_sk_de
  cz_sk_pl_de_es_fi_sv de_se_fi drix dvorak dvorak-alt-intl dvorak-classic dvorak-intl dvorak-l
  dvorak-mac dvorak-r dvp euro haw hbs ibm238l intl intl-unicode mac norman olpc olpc2 olpcm rus
  scn sun_type6 symbolic workman workman-intl workman-p
uz: cyrillic latin
vn: aderty basic fr qderty us
za: basic
"""

ZONES = frozenset(
    f"{area}/{name}" if area else name for area, names in _ZONES.items() for name in names.split()
)
OLD_ZONES = {old: new for old, _, new in (pair.partition("=") for pair in _OLD_ZONES.split())}
LOCALES = frozenset(_LOCALES.split())
LAYOUTS = {
    layout: name.replace("_", " ") for layout, name in (one.split("=") for one in _LAYOUTS.split())
}
VARIANTS = {
    line.partition(":")[0]: frozenset(line.partition(":")[2].split())
    for line in _VARIANTS.replace("\n  ", " ").splitlines()
}
